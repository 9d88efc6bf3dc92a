/** A color for each member, the same in every tab: it is drawn from the member's id. */
import type { CSSProperties } from 'react'

/** Sets the CSS variable `--hue`, from which style.css makes the color for light and dark. */
export function hueStyle(id: string): CSSProperties {
  // FNV-1a: ids that differ in one character get colors that are far apart.
  let hash = 0x811c9dc5
  for (const character of id) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  const hue = (hash >>> 8) % 360
  return { '--hue': String(hue) } as CSSProperties
}
