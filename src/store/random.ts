/** The chance of a real store. */
import type { Random } from '../base/random.js'

/** 53 random bits of the platform's cryptographic generator, as a float in [0, 1). */
export const cryptoRandom: Random = () => {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return ((high >>> 5) * 0x4000000 + (low >>> 6)) / 0x20000000000000
}
