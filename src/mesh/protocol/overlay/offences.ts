/**
 * Who broke a rule that no honest member breaks. Only bytes that are malformed and signatures that do not verify count:
 * whatever depends on state (a clock, a gap, a limit, a role) differs between honest members. A link on which it
 * happens ends at once; whoever comes back and does it again is refused for a while.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import {
  OFFENCE_POINTS,
  OFFENCE_POINTS_MAX,
  OFFENDERS_MAX,
  REFUSED_MILLIS,
} from '../../rate-limit/rate-limits.js'

/** What was wrong. */
export type OffenceKind = keyof typeof OFFENCE_POINTS

interface Offender {
  points: number
  /** Forgotten by then, points and refusal alike. */
  until: number
}

/** The scores of members, by id. */
export class Offences {
  readonly #offenders = new BoundedMap<string, Offender>(OFFENDERS_MAX)

  /** `id` has done it: its points are forgotten REFUSED_MILLIS after its last offence. */
  add(id: string, kind: OffenceKind, now: number): void {
    const before = this.#get(id, now)?.points ?? 0
    this.#offenders.set(id, { points: before + OFFENCE_POINTS[kind], until: now + REFUSED_MILLIS })
  }

  /** Whether nothing of `id` is let in at `now`. */
  isRefused(id: string, now: number): boolean {
    return (this.#get(id, now)?.points ?? 0) >= OFFENCE_POINTS_MAX
  }

  /** Members that are refused, for metrics; some of them may be forgiven by now. */
  get refused(): number {
    let refused = 0
    for (const { points } of this.#offenders.values()) if (points >= OFFENCE_POINTS_MAX) refused += 1
    return refused
  }

  #get(id: string, now: number): Offender | undefined {
    const offender = this.#offenders.get(id)
    if (offender === undefined || now < offender.until) return offender
    this.#offenders.delete(id)
    return undefined
  }
}
