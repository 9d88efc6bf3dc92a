/** The active view: the members that this one is linked to, and what several parts know of each link. */

import type { MemberRecord } from '../../../base/member.js'
import type { Announced, LinkIntent, Visibility } from '../../wire/frame.js'
import { News } from './news.js'

/** A neighbor; `record` is undefined until its HELLO has come. */
export interface Neighbor {
  readonly id: string
  record: MemberRecord | undefined
  /** When the link opened. */
  readonly since: number
  /** Why this member opened it; `accept` when the other one did. */
  readonly intent: LinkIntent
  /** The other side opened it, and has not said HELLO: it may be anybody, and counts for no link. */
  isSilent: boolean
  lastSent: number
  /** Smoothed round trip, in milliseconds (RFC 6298). */
  srtt: number | undefined
  visibility: Visibility
  /** Whether it had a slot for a reader when it was last heard of. */
  hasSlot: boolean
  /** This member had no older link: what this neighbor tells of others, the others know. */
  isBootstrap: boolean
  /** The digest of this member that was last told to it. */
  toldDigest: Uint8Array | undefined
  /** Broadcasts to it are dropped until it drains; a sync makes up for them. */
  dirty: boolean
  /** Envelopes that it has not been told of yet, one run for each origin. */
  readonly announcements: News<Announced>
}

/** From the oldest to the newest that was not told: what lies between came along as well. */
function oneRun(earlier: Announced, later: Announced): Announced {
  const [from, to] = [Math.min(earlier.from, later.from), Math.max(earlier.to, later.to)]
  return { tag: earlier.tag, from, to }
}

/** Holds at most one link per member. */
export class PeerView {
  readonly #neighbors = new Map<string, Neighbor>()
  /** Kept until a link comes or goes: it is asked for at every step. */
  #established: readonly Neighbor[] | undefined
  #sources: readonly Neighbor[] | undefined
  /** Links that came, introduced themselves or went, since the start. */
  changes = 0

  all(): IterableIterator<Neighbor> {
    return this.#neighbors.values()
  }

  /** Links with HELLO behind them; only these carry anything else. */
  established(): readonly Neighbor[] {
    this.#established ??= [...this.#neighbors.values()].filter(({ record }) => record !== undefined)
    return this.#established
  }

  /** Those of them that hold data for others: all but readers, of whom nothing is taken. */
  sources(): readonly Neighbor[] {
    this.#sources ??= this.established().filter((one) => !isReader(one))
    return this.#sources
  }

  /** The HELLO of `neighbor` has been taken. */
  introduced(neighbor: Neighbor, record: MemberRecord): void {
    neighbor.record = record
    this.#changed()
  }

  get(id: string): Neighbor | undefined {
    return this.#neighbors.get(id)
  }

  has(id: string): boolean {
    return this.#neighbors.has(id)
  }

  /** All links, with or without HELLO. */
  get size(): number {
    return this.#neighbors.size
  }

  /** Links to readers. */
  get readers(): number {
    return this.established().length - this.sources().length
  }

  /** Links that others opened without saying HELLO yet, the oldest first. */
  silent(): Neighbor[] {
    return [...this.#neighbors.values()].filter(({ isSilent }) => isSilent)
  }

  /** Links that carry the mesh: readers are leaves of it, and a member without HELLO is no part of it. */
  get degree(): number {
    let silent = 0
    for (const { isSilent } of this.#neighbors.values()) if (isSilent) silent += 1
    return this.#neighbors.size - this.readers - silent
  }

  add(id: string, intent: LinkIntent, now: number): Neighbor {
    const neighbor: Neighbor = {
      id,
      record: undefined,
      since: now,
      intent,
      isSilent: intent === 'accept',
      lastSent: now,
      srtt: undefined,
      visibility: 'visible',
      hasSlot: true,
      isBootstrap: false,
      toldDigest: undefined,
      dirty: false,
      announcements: new News(oneRun),
    }
    this.delete(id)
    this.#neighbors.set(id, neighbor)
    return neighbor
  }

  delete(id: string): void {
    this.#neighbors.delete(id)
    this.#changed()
  }

  #changed(): void {
    this.#established = undefined
    this.#sources = undefined
    this.changes += 1
  }
}

/** Whether nothing may be asked of `neighbor`. */
export function isReader(neighbor: Neighbor): boolean {
  return neighbor.record?.role === 'reader'
}
