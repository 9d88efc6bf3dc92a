/** A rule that no schema sees: it looks at all rendered resources together. */
import type { Manifest } from '../manifest.js'

/** Returns what is wrong, as sentences that name the resource; nothing when the rule holds. */
export type Rule = (manifests: readonly Manifest[]) => string[]

/** Rules by the sentence that each of them upholds. */
export type Rules = Readonly<Record<string, Rule>>

/** The message when `holds` is false. */
export function unless(holds: boolean, message: string): string[] {
  return holds ? [] : [message]
}
