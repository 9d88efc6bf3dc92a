/**
 * Envelopes that were announced, or that an early update may follow, and have not come: each is asked for after a short
 * wait, first of whom announced it first, then of the next. (Plumtree: Leitao et al. 2007, section 3.8.)
 */
import { GRAFT_MAX_MILLIS, graftWaitMillis } from '../formulas.js'
import type { Neighbor } from '../overlay/peer-view.js'

/** The name of an envelope, and the tree that it should have come along. */
interface Wanted {
  tag: number
  seq: number
  tree: number
  /** The early update that may follow it, as long as nobody has announced it. */
  before?: number
}

interface Missing extends Wanted {
  /** Members to ask, in order. */
  holders: string[]
  /** The member that was asked last. */
  asked?: string
  at: number
}

/** More missing envelopes than this are left to a sync. */
const MISSING_MAX = 1_024

export class Repair {
  readonly #missing = new Map<string, Missing>()
  #nextAt = Number.POSITIVE_INFINITY

  /** `holder` has an envelope that is not here. */
  note(wanted: Wanted, { id, srtt }: Pick<Neighbor, 'id' | 'srtt'>, now: number): void {
    const name = `${wanted.tag}:${wanted.seq}`
    const known = this.#missing.get(name)
    if (known) {
      if (!known.holders.includes(id)) known.holders.push(id)
      if (wanted.before === undefined) delete known.before
      return
    }
    if (this.#missing.size >= MISSING_MAX) return
    const at = now + graftWaitMillis(srtt)
    this.#missing.set(name, { ...wanted, holders: [id], at })
    this.#nextAt = Math.min(this.#nextAt, at)
  }

  /** It has come. Returns who was asked for it last, if anybody. */
  came(tag: number, seq: number): string | undefined {
    if (this.#missing.size === 0) return undefined
    const name = `${tag}:${seq}`
    const asked = this.#missing.get(name)?.asked
    this.#missing.delete(name)
    return asked
  }

  /**
   * What to ask for now, each with whom; what nobody is left to be asked for is given up to a sync, and what only an update
   * waited for that a sync has helped is not asked for.
   */
  due(
    now: number,
    isHere: (holder: string) => boolean,
    hasCome: (tag: number, seq: number) => boolean,
  ): { tag: number; seq: number; tree: number; holder: string }[] {
    if (now < this.#nextAt) return []
    const asked: { tag: number; seq: number; tree: number; holder: string }[] = []
    this.#nextAt = Number.POSITIVE_INFINITY
    for (const [name, missing] of this.#missing) {
      if (now >= missing.at) {
        if (missing.before !== undefined && hasCome(missing.tag, missing.before)) {
          this.#missing.delete(name)
          continue
        }
        let holder = missing.holders.shift()
        while (holder !== undefined && !isHere(holder)) holder = missing.holders.shift()
        if (holder === undefined) {
          this.#missing.delete(name)
          continue
        }
        missing.asked = holder
        asked.push({ tag: missing.tag, seq: missing.seq, tree: missing.tree, holder })
        missing.at = now + GRAFT_MAX_MILLIS
      }
      this.#nextAt = Math.min(this.#nextAt, missing.at)
    }
    return asked
  }

  deadline(): number {
    return this.#missing.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt
  }
}
