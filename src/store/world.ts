/** Where a store lives: its time and its chance. The real ones for applications; tests bring their own. */
import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'
import { systemClock } from '../transport/system-clock.js'
import { cryptoRandom } from './random.js'

export interface StoreWorld {
  clock: Clock
  random: Random
}

export const realWorld: StoreWorld = { clock: systemClock, random: cryptoRandom }
