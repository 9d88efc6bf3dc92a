/** Randomness as a value: code that needs it is handed a `Random`, so that a run can be replayed from its seed. */

/** Returns a float in [0, 1), as `Math.random` does. */
export type Random = () => number

/** A small seeded generator (mulberry32): equal seeds give equal sequences in every runtime. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** An integer in [0, bound). */
export function randomInteger(random: Random, bound: number): number {
  return Math.floor(random() * bound)
}

/** A random integer of 53 bits, at least 1. Collides once in about 10^8 draws with a chance of one half. */
export function random53(random: Random): number {
  return 1 + Math.floor(random() * 0x200000) * 0x100000000 + Math.floor(random() * 0xffffffff)
}

/** Spreads `millis` evenly over +-`share` of itself, so that members do not act in step. */
export function jittered(random: Random, millis: number, share: number): number {
  return millis * (1 - share + 2 * share * random())
}

/** Up to `count` distinct elements in random order; does not change `items`. */
export function sample<T>(random: Random, items: readonly T[], count: number): T[] {
  const pool = [...items]
  const taken: T[] = []
  while (taken.length < count && pool.length > 0) {
    const index = randomInteger(random, pool.length)
    taken.push(...pool.splice(index, 1))
  }
  return taken
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const WORD = /^[A-Za-z0-9_-]{1,64}$/

/** Whether `value` is a member id, a topic or a session: 1 to 64 characters of base64url. */
export function isWord(value: unknown): value is string {
  return typeof value === 'string' && WORD.test(value)
}

/** A random base64url word: 22 characters hold 132 bits, 11 hold 66. */
export function randomWord(random: Random, characters: number): string {
  let word = ''
  for (let i = 0; i < characters; i++) word += ALPHABET[randomInteger(random, 64)]
  return word
}
