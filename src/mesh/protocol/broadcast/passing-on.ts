/** How envelopes are passed on. */
import type { Claim } from '../../wire/claim.js'
import type { GossipFrame } from '../../wire/frame.js'

/** What this member sends of an envelope: its own as it is, one that `from` brought with one link more. */
export function passedOn(frame: GossipFrame, from: string | undefined): GossipFrame {
  return from === undefined ? frame : { ...frame, round: frame.round + 1 }
}

/** What it sends of one that is asked for: its race is over, and late a shape would prune the links that another one relies on. */
export function graft({ frame, from }: { frame: GossipFrame; from: string | undefined }): GossipFrame {
  return { ...frame, shapes: false, round: frame.round + (from === undefined ? 1 : 2) }
}

/**
 * Suspicions have a race with a timer to win, as have their answers, which a neighbor may keep back; goodbyes one with the next
 * goodbye, as of a neighbor that announces this one only. A member that hears badly, as after such an answer, finds the links of
 * the tree stalled: all links then.
 */
export function isUrgent({ body, origin, round }: GossipFrame, health: number): boolean {
  const isRace = ({ type, id }: Claim) =>
    type === 'suspect' || type === 'leave' || (type === 'member' && id === origin && round === 0)
  return body.type === 'claims' && (health > 0 || body.claims.some(isRace))
}

/** Nobody suspects itself: a liar that uses the name of its victim must not keep that one from hearing of it. */
export function suspectsOrigin({ body, origin }: GossipFrame): boolean {
  return body.type === 'claims' && body.claims.some(({ type, id }) => type === 'suspect' && id === origin)
}
