/** Which members the page counts and in which order it lists them. */
import type { Member } from '../src/index.js'

/** False for a member that said goodbye or was declared dead: it is gone for people who look at the page. */
export function isHere(member: Member): boolean {
  return member.state !== 'left' && member.state !== 'dead'
}

/** This tab first, then processes, then tabs, each by name. */
export function forReading(members: readonly Member[]): Member[] {
  return members.filter(isHere).sort((a, b) => rank(a) - rank(b) || label(a).localeCompare(label(b)))
}

/** The name, or the beginning of the id of a member without one. */
export function label(member: Member): string {
  return member.name ?? member.id.slice(0, 6)
}

function rank(member: Member): number {
  if (member.self) return 0
  return member.kind === 'node' ? 1 : 2
}
