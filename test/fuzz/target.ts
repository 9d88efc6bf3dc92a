/**
 * What is fuzzed. Case number i of a seed is always the same, so that what a run found can be played again. There is no
 * coverage: the cases are honest messages, and inputs of the corpus, with a few changes that know what readers trip over.
 */
import { readFileSync } from 'node:fs'
import { mutated, mutatedText, pick } from '../../bench/mutation.js'
import { type Random, randomInteger, seededRandom } from '../../src/base/random.js'

/** Makes and takes the cases of one seed. */
export interface Cases {
  /** The input of case `index`, as text or in hexadecimal. */
  show(index: number): string
  /** Takes case `index` and answers what came of it, as `frame` or `malformed`. Whatever it throws is a crash. */
  run(index: number): string | Promise<string>
}

/** One reader of what comes from outside. */
export interface Target {
  name: string
  about: string
  /** A case may depend on those before it, back to the last index that so many divide. Default 1: each stands alone. */
  memory?: number
  cases(seed: number): Cases | Promise<Cases>
}

/** A target that needs no preparation. */
export interface SyncTarget extends Target {
  cases(seed: number): Cases
}

const CHANGES_MAX = 4

/** A reader of bytes; `samples` are honest inputs. */
export function bytesTarget(
  name: string,
  about: string,
  samples: () => readonly Uint8Array[],
  take: (bytes: Uint8Array, random: Random) => string,
): SyncTarget {
  return {
    name,
    about,
    cases(seed) {
      const material = [...samples(), ...corpus(name).map((line) => new Uint8Array(Buffer.from(line, 'hex')))]
      const input = (random: Random) => changed(random, material, mutated)
      return {
        show: (index) => Buffer.from(input(randomOf(seed, index))).toString('hex'),
        run: (index) => {
          const random = randomOf(seed, index)
          return take(input(random), random)
        },
      }
    },
  }
}

/** A reader of text. */
export function textTarget(
  name: string,
  about: string,
  samples: () => readonly string[],
  take: (text: string) => string,
): SyncTarget {
  return {
    name,
    about,
    cases(seed) {
      const material = [...samples(), ...corpus(name).map((line) => JSON.parse(line) as string)]
      const input = (index: number) => changed(randomOf(seed, index), material, mutatedText)
      return { show: (index) => JSON.stringify(input(index)), run: (index) => take(input(index)) }
    },
  }
}

function changed<T>(
  random: Random,
  material: readonly T[],
  change: (random: Random, one: T, other: T) => T,
): T {
  let input = pick(random, material)
  const changes = randomInteger(random, CHANGES_MAX + 1)
  for (let i = 0; i < changes; i++) input = change(random, input, pick(random, material))
  return input
}

function randomOf(seed: number, index: number): Random {
  return seededRandom(seed * 1_000_003 + index)
}

/** The committed inputs of a target, one a line. */
function corpus(name: string): string[] {
  const text = readFileSync(new URL(`corpus/${name}.txt`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}
