/**
 * Slots: the links that writers have for readers. A reader passes nothing on, so it keeps one link and costs one writer, as a
 * leaf node of NATS does; it looks for another one when that writer is suspected, or its page is frozen. Heartbeats tell who has a
 * free slot, and a writer without one names neighbors that had one lately, so that no reader has to search; one that is
 * turned down all the same is dialed when a slot becomes free (ADR 10).
 */
import type { MemberRecord } from '../../../base/member.js'
import { SLOTS_NAMED_MAX } from '../../wire/wire-limits.js'
import type { Roster } from '../liveness/roster.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../protocol-limits.js'
import type { Neighbor, PeerView } from './peer-view.js'

/** Dials of a reader that has no slot: some of those that it knows may be away or full. */
const DIALS = 2
/** Readers that a writer remembers to have turned down. */
export const WAITING_MAX = 8

/** Whether a member has a slot for one more reader; a reader has none. */
export function hasSlot({ role, kind }: Pick<MemberRecord, 'role' | 'kind'>, view: PeerView): boolean {
  const most = kind === 'node' ? READERS_PER_NODE_MAX : READERS_PER_TAB_MAX
  return role === 'writer' && view.readers < most
}

/** Neighbors that had a slot when they were last heard of. */
export function slotsElsewhere(view: PeerView): string[] {
  const free = view.sources().filter(({ hasSlot }) => hasSlot)
  return free.slice(0, SLOTS_NAMED_MAX).map(({ id }) => id)
}

/** Links that a reader looks for. */
export function slotsWanted(view: PeerView, roster: Roster): number {
  const links = view.sources()
  return links.some((link) => isOfUse(link, roster)) ? 1 : links.length + DIALS
}

/** Links of a reader beyond the one that it keeps: the oldest one that is of use. */
export function slotsToSpare(view: PeerView, roster: Roster): readonly Neighbor[] {
  const links = view.sources()
  const kept = links.find((link) => isOfUse(link, roster)) ?? links[0]
  return links.filter((link) => link !== kept)
}

function isOfUse({ id, visibility }: Neighbor, roster: Roster): boolean {
  return visibility !== 'frozen' && roster.get(id)?.suspicion === undefined
}
