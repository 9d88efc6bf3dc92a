/** What the members of one oracle run share: its time, its chance, the oracle, and the trace of what happened. */
import type { Random } from '../../src/base/random.js'
import type { Replica } from '../../src/data/replica/replica.js'
import { Causality } from './causality.js'
import type { Stock } from './stock.js'
import type { Variant } from './variant.js'

/** 2026-01-01T00:00:00Z. */
const START = 1_767_225_600_000

export interface WorldOptions {
  random: Random
  variant: Variant
  /** How many keys there are. */
  keys: number
  stock: Stock | undefined
  print: ((line: string) => void) | undefined
}

export class World {
  readonly random: Random
  readonly variant: Variant
  readonly causality: Causality
  readonly keys: readonly string[]
  /** The true time, in milliseconds since 1970. */
  now = START
  /** Members that came back from their log with something else than they had. */
  mismatched = 0
  /** What must never happen, whatever the data: bytes of an honest member refused, an error event. */
  readonly failures: string[] = []
  readonly #stock: Stock | undefined
  readonly #print: ((line: string) => void) | undefined
  #values = 0
  #hash = 0x811c9dc5

  constructor({ random, variant, keys, stock, print }: WorldOptions) {
    this.random = random
    this.variant = variant
    this.causality = new Causality(variant.order)
    this.keys = Array.from({ length: keys }, (_, index) => `k${index}`)
    this.#stock = stock
    this.#print = print
  }

  /** A document for a new replica, where the caller knows how to make them quickly. */
  document(): Replica['doc'] | undefined {
    return this.#stock?.create()
  }

  /** Everything that happened so far in 32 bits: equal for equal seeds, in every runtime. */
  get hash(): number {
    return this.#hash >>> 0
  }

  /** No value is written twice: it tells the write. */
  nextValue(): string {
    return `v${this.#values++}`
  }

  /** Notes what happened: the numbers count for the hash, the words are made only where somebody reads them. */
  note(numbers: readonly number[], words: () => string): void {
    for (const number of numbers) this.#hash = Math.imul(this.#hash ^ number, 0x01000193)
    this.#print?.(words())
  }

  fail(what: string): void {
    if (this.failures.length < 10) this.failures.push(what)
    this.note([this.failures.length], () => `failure: ${what}`)
  }
}
