/** The shape of a simulated overlay: links per member, and which members reach each other. */
import { Histogram } from './histogram.js'
import type { SimMember } from './member.js'

/** Open links of each member. */
export function degrees(members: readonly SimMember[]): Histogram {
  const histogram = new Histogram()
  for (const member of members) histogram.add(member.links.size)
  return histogram
}

/** Open links that lead from members of `group` to others. */
export function linksOut(group: readonly SimMember[]): number {
  const ids = new Set(group.map(({ id }) => id))
  return group.reduce((sum, { links }) => sum + [...links.keys()].filter((id) => !ids.has(id)).length, 0)
}

/** Sizes of the connected components among `members`, the largest first. Only links between them count. */
export function components(members: readonly SimMember[]): number[] {
  const unseen = new Map(members.map((member) => [member.id, member]))
  const sizes: number[] = []
  for (const member of members) {
    const reach = unseen.delete(member.id) ? [member] : []
    for (const next of reach) {
      for (const peer of next.links.keys()) {
        const neighbor = unseen.get(peer)
        if (neighbor) reach.push(neighbor)
        unseen.delete(peer)
      }
    }
    if (reach.length > 0) sizes.push(reach.length)
  }
  return sizes.sort((a, b) => b - a)
}
