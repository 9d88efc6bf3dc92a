/**
 * Envelopes that were announced, or skipped in a sequence, and have not come: each is asked for after a short
 * wait, first of whom announced it first, then of the next. (Plumtree: Leitao et al. 2007, section 3.8.)
 */
import type { ProtocolConfig } from '../config.js'
import { graftWaitMillis } from '../formulas.js'

interface Missing {
  tag: number
  seq: number
  tree: number
  /** Whom to ask, in order. */
  holders: string[]
  at: number
}

/** More missing envelopes than this are left to a sync. */
const MISSING_MAX = 1_024

export class Repair {
  readonly #config: ProtocolConfig
  readonly #missing = new Map<string, Missing>()
  #nextAt = Number.POSITIVE_INFINITY

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  /** `holder` has an envelope that is not here. */
  note(tag: number, seq: number, tree: number, holder: string, srtt: number | undefined, now: number): void {
    const name = `${tag}:${seq}`
    const known = this.#missing.get(name)
    if (known) {
      if (!known.holders.includes(holder)) known.holders.push(holder)
      return
    }
    if (this.#missing.size >= MISSING_MAX) return
    const at = now + graftWaitMillis(srtt, this.#config)
    this.#missing.set(name, { tag, seq, tree, holders: [holder], at })
    this.#nextAt = Math.min(this.#nextAt, at)
  }

  /** It has come. */
  came(tag: number, seq: number): void {
    if (this.#missing.size > 0) this.#missing.delete(`${tag}:${seq}`)
  }

  /** What to ask for now, each with whom; what nobody is left to be asked for is given up to a sync. */
  due(
    now: number,
    isHere: (holder: string) => boolean,
  ): { tag: number; seq: number; tree: number; holder: string }[] {
    if (now < this.#nextAt) return []
    const asked: { tag: number; seq: number; tree: number; holder: string }[] = []
    this.#nextAt = Number.POSITIVE_INFINITY
    for (const [name, missing] of this.#missing) {
      if (now >= missing.at) {
        let holder = missing.holders.shift()
        while (holder !== undefined && !isHere(holder)) holder = missing.holders.shift()
        if (holder === undefined) {
          this.#missing.delete(name)
          continue
        }
        asked.push({ tag: missing.tag, seq: missing.seq, tree: missing.tree, holder })
        missing.at = now + this.#config.graftMaxMillis
      }
      this.#nextAt = Math.min(this.#nextAt, missing.at)
    }
    return asked
  }

  deadline(): number {
    return this.#missing.size === 0 ? Number.POSITIVE_INFINITY : this.#nextAt
  }
}
