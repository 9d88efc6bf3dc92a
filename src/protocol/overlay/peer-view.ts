/** The active view: the members that this one is linked to, and what it knows of each link. */
import type { MemberRecord } from '../../wire/frame.js'

/** A neighbor; `record` is undefined until its HELLO has come. */
export interface Neighbor {
  readonly id: string
  record: MemberRecord | undefined
  /** When the link opened. */
  readonly since: number
  lastHeard: number
  lastSent: number
  /** When the next heartbeat may be due; jittered, so that links do not beat in step. */
  nextBeat: number
  /** Smoothed round trip, in milliseconds. */
  srtt: number | undefined
  /** The last time that it told, and when that came here. */
  peerTime: { value: number; at: number } | undefined
  /** Its last digest, and since when it stands. */
  digest: { bytes: Uint8Array; since: number } | undefined
  /** The digest of this member that was last told to it. */
  toldDigest: Uint8Array | undefined
  /** Broadcasts to it are dropped until it drains; a sync makes up for them. */
  dirty: boolean
  /** It is not asked for a sync before this. */
  syncNotBefore: number
}

/** Holds at most one link per member. */
export class PeerView {
  readonly #neighbors = new Map<string, Neighbor>()

  all(): IterableIterator<Neighbor> {
    return this.#neighbors.values()
  }

  /** Links with HELLO behind them; only these carry anything else. */
  *established(): IterableIterator<Neighbor & { record: MemberRecord }> {
    for (const neighbor of this.#neighbors.values()) if (isEstablished(neighbor)) yield neighbor
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

  add(id: string, now: number): Neighbor {
    const neighbor: Neighbor = {
      id,
      record: undefined,
      since: now,
      lastHeard: now,
      lastSent: now,
      nextBeat: now,
      srtt: undefined,
      peerTime: undefined,
      digest: undefined,
      toldDigest: undefined,
      dirty: false,
      syncNotBefore: 0,
    }
    this.#neighbors.set(id, neighbor)
    return neighbor
  }

  delete(id: string): void {
    this.#neighbors.delete(id)
  }
}

function isEstablished(neighbor: Neighbor): neighbor is Neighbor & { record: MemberRecord } {
  return neighbor.record !== undefined
}
