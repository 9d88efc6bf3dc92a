/** Where a store lives: its time, its chance, its runtime. The real ones for applications; tests bring their own. */
import { runtimeKind } from '#runtime'
import type { Clock } from '../base/clock.js'
import type { MemberKind } from '../base/member.js'
import type { Random } from '../base/random.js'
import { systemClock } from '../base/system-clock.js'

export interface StoreWorld {
  clock: Clock
  random: Random
  /** As the member record tells. */
  kind: MemberKind
}

/** 53 random bits of the platform's cryptographic generator, as a float in [0, 1). */
const cryptoRandom: Random = () => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 0x20000000000000
}

export const realWorld: StoreWorld = { clock: systemClock, random: cryptoRandom, kind: runtimeKind }
