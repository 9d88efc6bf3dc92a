/** Where a store lives: its time, its chance, its runtime. The real ones for applications; tests bring their own. */
import type { Clock } from '../base/clock.js'
import type { MemberKind } from '../base/member.js'
import type { Random } from '../base/random.js'
import { systemClock } from '../base/system-clock.js'
import { runtimeKind } from './options/transport-choice.js'
import { cryptoRandom } from './random.js'

export interface StoreWorld {
  clock: Clock
  random: Random
  /** As the member record tells. */
  kind: MemberKind
}

export const realWorld: StoreWorld = { clock: systemClock, random: cryptoRandom, kind: runtimeKind }
