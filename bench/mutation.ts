/** One change somewhere in bytes or in text: what fuzzing does to honest messages. Runs in every runtime. */
import { type Random, randomInteger } from '../src/base/random.js'
import { BOUNDARY_CONTENTS, BOUNDARY_NUMBERS } from './boundaries.js'
import { pack } from './packing.js'

/** Bytes that mean something to some reader. */
const BYTES = [0, 1, 2, 7, 8, 0x28, 0x68, 0xa8, 116, 117, 118, 119, 122, 123, 125, 127, 128, 255]
/** Pieces of JSON, of descriptions and of candidates that readers trip over. */
const WORDS = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    'null',
    'true',
    '-0',
    '1e999',
    '9007199254740993',
    '1.5',
    '""',
    '{}',
    '[]',
  ],
  ...[
    '"__proto__":',
    '"constructor":',
    '"prototype":',
    '"toString":',
    '\\u0000',
    '\\ud800',
    '\u2028',
    '\u0000',
    '\r\n',
    '\r',
  ],
  ...[
    'a=candidate:',
    'm=audio 9',
    'v=0',
    '127.0.0.1',
    '::ffff:7f00:1',
    'x.local',
    ' typ host',
    ' tcp ',
    '%00',
    '../',
  ],
  ...['A'.repeat(65), 'A'.repeat(1025), 'A'.repeat(20_000), '['.repeat(3000), '{"a":'.repeat(500)],
]

/** One of `items`. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const chosen = items[randomInteger(random, items.length)]
  if (chosen === undefined) throw new Error('there is nothing to pick from')
  return chosen
}

/** One change somewhere in `bytes`; `other` is material to insert. */
export function mutated(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const at = randomInteger(random, bytes.length + 1)
  const length = 1 + randomInteger(random, 8)
  const [before, after] = [bytes.slice(0, at), bytes.slice(at)]
  switch (randomInteger(random, 9)) {
    case 0:
      return flipped(random, bytes)
    case 1:
      return pack(before, Uint8Array.of(pick(random, BYTES)), after.slice(1))
    case 2:
      return pack(before, Uint8Array.of(randomInteger(random, 256)), after)
    case 3:
      return pack(before, after.slice(length))
    case 4:
      return pack(before, bytes.slice(at, at + length), after)
    case 5:
      return before
    case 6:
      return pack(before, other.slice(randomInteger(random, other.length + 1)))
    case 7:
      return pack(before, pick(random, BOUNDARY_NUMBERS), after.slice(length))
    default:
      return pack(before, pick(random, BOUNDARY_CONTENTS), after.slice(length))
  }
}

/** One change somewhere in `text`. */
export function mutatedText(random: Random, text: string, other: string): string {
  const at = randomInteger(random, text.length + 1)
  const length = 1 + randomInteger(random, 8)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  switch (randomInteger(random, 7)) {
    case 0:
      return before + pick(random, WORDS) + after
    case 1:
      return before + pick(random, WORDS) + after.slice(length)
    case 2:
      return before + after.slice(length)
    case 3:
      return before + text.slice(at, at + length * 8) + after
    case 4:
      return before + other.slice(randomInteger(random, other.length + 1))
    case 5:
      return before
    default:
      return before + String.fromCharCode(randomInteger(random, 0x10000)) + after.slice(1)
  }
}

function flipped(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  const at = randomInteger(random, copy.length)
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << randomInteger(random, 8))
  return copy
}
