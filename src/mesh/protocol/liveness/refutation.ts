/**
 * What others say of this very member, and what it answers: a rumor of its death, or a record of another run of it, is
 * answered by a greater incarnation, which only the subject raises (SWIM, Das et al. 2002, section 4.2).
 */

import type { MemberRecord } from '../../../base/member.js'
import { type Random, randomInteger } from '../../../base/random.js'
import type { MembershipClaim } from '../../wire/claim.js'

/**
 * A member answers suspicions at most this often. Less: a liar causes more traffic; more: an answer may come after the
 * timer.
 */
export const REFUTE_MILLIS = 500

/**
 * How far above the start of this run an incarnation that somebody suspects is believed to be: a day, as incarnations begin with the
 * wall clock. It is nobody's word but the watcher's: one that could not rise any more would be the end of this member, and one
 * that the next run cannot reach would keep that out.
 */
const SUSPICION_LEAD_MAX = 24 * 3_600_000
/**
 * Incarnations that a question is drawn from, upwards of the greatest known one: too many to have been signed by an
 * earlier run by chance, and few enough that a next run, which begins with the wall clock, gets above them (70 minutes).
 */
const QUESTIONS = 2 ** 22
/**
 * An answer is this far above its question at most: others suspect a member whose links two runs take from each other, so
 * the later one may have risen once or more before it is heard. Measured in 200 runs: with 1, the earlier run leaves after
 * up to 31 s instead of 4; with 4 after 5.4.
 */
const ANSWER_LEAD_MAX = 16

export class Refutation {
  readonly #random: Random
  /** The greatest own incarnation that others suspect, or knew before this one did. */
  #suspectedAs = Number.NEGATIVE_INFINITY
  /** The next answer to that leaves no sooner. */
  #answerAt = Number.NEGATIVE_INFINITY
  /** Whether that answer asks a later run of this member whether it lives, and the incarnation that asked it. */
  #asks = false
  #asked: number | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /**
   * Only a greater incarnation of this run may stand. A run that joined later is asked whether it lives: nobody but
   * that run goes on from an incarnation that was just drawn. If it does, this run is over.
   */
  hear(claim: MembershipClaim, own: MemberRecord): 'displaced' | undefined {
    const told = claim.type === 'member' ? claim.record.incarnation : claim.incarnation
    if (claim.type === 'member' && isLaterRun(claim.record, own)) {
      if (this.#isAnswer(told)) return 'displaced'
      this.#asks = true
    }
    const most = Math.max(own.incarnation, own.joined + SUSPICION_LEAD_MAX)
    // Nothing could follow 2^53 - 1.
    const isMadeUp = (claim.type === 'suspect' && told > most) || told >= Number.MAX_SAFE_INTEGER
    if (told >= own.incarnation && !isEcho(claim, own) && !isMadeUp)
      this.#suspectedAs = Math.max(this.#suspectedAs, told)
    return undefined
  }

  /** When `answer` has something to say. */
  deadline(own: MemberRecord): number {
    return this.#suspectedAs < own.incarnation ? Number.POSITIVE_INFINITY : this.#answerAt
  }

  /** The incarnation that answers what was told, once the pause after the last answer is over. */
  answer(own: MemberRecord, now: number): number | undefined {
    if (now < this.deadline(own)) return undefined
    this.#answerAt = now + REFUTE_MILLIS
    const incarnation = this.#suspectedAs + 1 + (this.#asks ? randomInteger(this.#random, QUESTIONS) : 0)
    this.#asked = this.#asks ? incarnation : this.#asked
    this.#asks = false
    return incarnation
  }

  #isAnswer(incarnation: number): boolean {
    const asked = this.#asked ?? Number.POSITIVE_INFINITY
    return incarnation > asked && incarnation <= asked + ANSWER_LEAD_MAX
  }
}

/** Whether `claim` is the record that this run has told. */
export function isEcho(claim: MembershipClaim, own: MemberRecord): boolean {
  return (
    claim.type === 'member' &&
    claim.record.incarnation === own.incarnation &&
    claim.record.session === own.session
  )
}

/** Whether `record` is of another run of the same member, and of one that joined after the one of `own`. */
export function isLaterRun(record: MemberRecord, own: MemberRecord): boolean {
  if (record.session === own.session) return false
  return record.joined === own.joined ? record.session > own.session : record.joined > own.joined
}
