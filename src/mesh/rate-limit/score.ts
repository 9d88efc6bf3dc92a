import { BoundedMap } from '../../base/bounded-map.js'
import { OFFENCE_POINTS, OFFENCE_POINTS_MAX, OFFENDERS_MAX, REFUSED_MILLIS } from './rate-limits.js'

/** What was wrong. */
export type OffenceKind = keyof typeof OFFENCE_POINTS

interface Offender {
  points: number
  /** Forgotten by then, points and refusal alike. */
  until: number
}

/**
 * The points of members that sent what no honest member sends (ADR 16): bytes that are malformed, signatures that do not
 * verify. All else depends on state (a clock, a gap, a limit, a role), in which honest members differ.
 */
export class Score {
  readonly #offenders = new BoundedMap<string, Offender>(OFFENDERS_MAX)

  /** `id` has done it: its points are forgotten REFUSED_MILLIS after its last offence. */
  add(id: string, kind: OffenceKind, now: number): void {
    const points = this.#points(id, now) + OFFENCE_POINTS[kind]
    this.#offenders.set(id, { points, until: now + REFUSED_MILLIS })
  }

  /** Whether nothing of `id` is let in at `now`. */
  isRefused(id: string, now: number): boolean {
    return this.#points(id, now) >= OFFENCE_POINTS_MAX
  }

  /** Members that are refused, for metrics; some of them may be forgiven by now. */
  get refused(): number {
    return [...this.#offenders.values()].filter(({ points }) => points >= OFFENCE_POINTS_MAX).length
  }

  #points(id: string, now: number): number {
    const { points, until } = this.#offenders.get(id) ?? { points: 0, until: 0 }
    return now < until ? points : 0
  }
}
