/** Where a store lives: its time, its chance, its runtime. The real ones for applications; tests bring their own. */
import type { Clock } from '../base/clock.js'
import type { Random } from '../base/random.js'
import { systemClock } from '../transport/system-clock.js'
import type { MemberKind } from '../wire/frame.js'
import { cryptoRandom } from './random.js'
import { runtimeKind } from './transport-choice.js'

export interface StoreWorld {
  clock: Clock
  random: Random
  /** As the member record tells. */
  kind: MemberKind
}

export const realWorld: StoreWorld = { clock: systemClock, random: cryptoRandom, kind: runtimeKind }
