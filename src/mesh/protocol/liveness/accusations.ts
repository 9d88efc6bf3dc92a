/**
 * How much one watcher's word counts. A watcher has a handful of links, so it has a handful of members to accuse; one
 * that accuses everybody would have the cluster bury itself. Beyond a few a minute its accusations start no timer; they
 * are still carried on, within reason, since their subjects may answer them: so members that a split had buried come back.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import { ACCUSATIONS_PER_MINUTE } from '../../rate-limit/rate-limits.js'

const MINUTE_MILLIS = 60_000
/** Watchers that are remembered; the least recent is forgotten first. */
const WATCHERS_MAX = 1024

interface Watcher {
  since: number
  heard: number
}

export class Accusations {
  readonly #watchers = new BoundedMap<string, Watcher>(WATCHERS_MAX)
  /** Accusations that counted for nothing, since the start. */
  ignored = 0

  /** One more of `by`: whether it counts, is only carried on (at most `carriedMax` a minute), or neither. */
  judge(by: string, carriedMax: number, now: number): 'counts' | 'carried' | 'ignored' {
    const known = this.#watchers.get(by)
    const watcher = known && now < known.since + MINUTE_MILLIS ? known : { since: now, heard: 0 }
    watcher.heard += 1
    this.#watchers.set(by, watcher)
    if (watcher.heard <= ACCUSATIONS_PER_MINUTE) return 'counts'
    this.ignored += 1
    return watcher.heard <= ACCUSATIONS_PER_MINUTE + carriedMax ? 'carried' : 'ignored'
  }
}
