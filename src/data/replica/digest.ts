/**
 * The incremental digest of a replica: 64 bits over the live entries and 64 bits over the context, each the XOR
 * of one hash per element, so that a write costs a few multiplications. The same hashes in 1,024 buckets tell
 * two members where they differ. Not for defence: a holder of the cluster key can construct collisions.
 */
import type { Value } from './value.js'

/** What the digest reads of a live write, and the three numbers that it keeps there. */
export interface Hashed {
  readonly key: string
  readonly session: number
  readonly n: number
  readonly stamp: number
  readonly value: Value
  readonly expires: number | undefined
  bucket: number
  hashHigh: number
  hashLow: number
}

/** Buckets of keys and of sessions in a summary. */
export const BUCKETS = 1024

const PRIME_HIGH = 2654435761
const PRIME_LOW = 1597334677
const float = new Float64Array(1)
const floatUnits = new Int32Array(float.buffer)
const SHORT_TEXT = 24
const utf8 = new TextEncoder()
// As large as the longest text so far, which the limit of values bounds.
let utf8Bytes = new Uint8Array(4096)
let utf8Words = new Int32Array(utf8Bytes.buffer)

// The state of the hash in progress (cyrb53, public domain, in two lanes). Module variables, not an object:
// hashing is synchronous, and a write must not allocate for it.
let high = 0
let low = 0

function begin(seed: number): void {
  high = 0xdeadbeef ^ seed
  low = 0x41c6ce57 ^ seed
}

function mix(unit: number): void {
  high = Math.imul(high ^ unit, PRIME_HIGH)
  low = Math.imul(low ^ unit, PRIME_LOW)
  // Without the rotation the upper bits of a unit would never reach the lower ones of the state.
  high = (high << 13) | (high >>> 19)
  low = (low << 17) | (low >>> 15)
}

function mixNumber(value: number): void {
  if ((value | 0) === value) return mix(value)
  float[0] = value
  mix(floatUnits[0] ?? 0)
  mix((floatUnits[1] ?? 0) ^ 0x5bd1e995)
}

/** The length in UTF-16, then the UTF-8 in words of four bytes, the last one filled up with zeros. */
function mixText(text: string): void {
  mix(text.length)
  if (text.length > SHORT_TEXT || !mixAscii(text)) mixLong(text)
}

/** The platform's encoder costs a call out of the engine; short ASCII is quicker by hand. */
function mixAscii(text: string): boolean {
  const [highBefore, lowBefore] = [high, low]
  let all = 0
  for (let i = 0; i < text.length; i += 4) {
    let word = 0
    for (let j = Math.min(i + 4, text.length) - 1; j >= i; j--) {
      const unit = text.charCodeAt(j)
      all |= unit
      word = (word << 8) | unit
    }
    mix(word)
  }
  if (all < 0x80) return true
  high = highBefore
  low = lowBefore
  return false
}

function mixLong(text: string): void {
  if (utf8Bytes.length < 3 * text.length + 4) {
    utf8Bytes = new Uint8Array(4 * text.length)
    utf8Words = new Int32Array(utf8Bytes.buffer)
  }
  const { written } = utf8.encodeInto(text, utf8Bytes)
  utf8Bytes.fill(0, written, written + 3)
  const words = (written + 3) >> 2
  for (let i = 0; i < words; i++) mix(utf8Words[i] ?? 0)
}

function mixValue(value: Value): void {
  switch (typeof value) {
    case 'string':
      mix(1)
      return mixText(value)
    case 'number':
      mix(2)
      return mixNumber(value)
    case 'boolean':
      return mix(value ? 3 : 4)
    default:
      return mixObject(value)
  }
}

function mixObject(value: Exclude<Value, string | number | boolean>): void {
  if (value === null) return mix(5)
  if (value instanceof Uint8Array) {
    mix(6)
    mix(value.length)
    for (const byte of value) mix(byte)
    return
  }
  if (isArray(value)) {
    mix(7)
    mix(value.length)
    for (const element of value) mixValue(element)
    return
  }
  const keys = Object.keys(value)
  mix(8)
  mix(keys.length)
  for (const key of keys) {
    mixText(key)
    mixValue(value[key] ?? null)
  }
}

function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function finish(): void {
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
}

/** Fills the hash and the bucket of an entry, before anybody else can hold its value. */
export function hashEntry(entry: Hashed): void {
  begin(1)
  mixText(entry.key)
  entry.bucket = (high ^ (high >>> 15) ^ (low >>> 7)) & (BUCKETS - 1)
  mixNumber(entry.session)
  mixNumber(entry.n)
  mixNumber(entry.stamp)
  mixNumber(entry.expires ?? -1)
  mixValue(entry.value)
  finish()
  entry.hashHigh = high
  entry.hashLow = low
}

/** The bucket of a session. */
export function sessionBucket(session: number): number {
  begin(2)
  mixNumber(session)
  return (high ^ (high >>> 15) ^ (low >>> 7)) & (BUCKETS - 1)
}

function hashSession(session: number, count: number): void {
  begin(3)
  mixNumber(session)
  mixNumber(count)
  finish()
}

/** Two 32-bit words a bucket, and their XOR over all buckets. */
export class Buckets {
  readonly words = new Int32Array(2 * BUCKETS)
  high = 0
  low = 0

  /** Adds a hash, or takes it away again. */
  toggle(bucket: number, hashHigh: number, hashLow: number): void {
    this.high ^= hashHigh
    this.low ^= hashLow
    const index = 2 * bucket
    this.words[index] = (this.words[index] ?? 0) ^ hashHigh
    this.words[index + 1] = (this.words[index + 1] ?? 0) ^ hashLow
  }

  /** Whether a bucket has exactly these words. */
  equals(bucket: number, other: Int32Array): boolean {
    const index = 2 * bucket
    return this.words[index] === other[index] && this.words[index + 1] === other[index + 1]
  }
}

/** The digest of one dotted map; the map tells it of every change. */
export class Digest {
  readonly content = new Buckets()
  readonly context = new Buckets()
  /** The session that advanced last, its bucket, its count and the hash of both. */
  #session = -1
  #bucket = 0
  #count = 0
  #high = 0
  #low = 0

  /** Adds a live entry, or takes it away again. */
  toggle(entry: Hashed): void {
    this.content.toggle(entry.bucket, entry.hashHigh, entry.hashLow)
  }

  /** The known writes of a session went from `before` to `after`. */
  advance(session: number, before: number, after: number): void {
    // Most often it is the session of the last time, which then stands at `before`.
    if (session !== this.#session || before !== this.#count) {
      this.#session = session
      this.#bucket = sessionBucket(session)
      hashSession(session, before)
    } else {
      high = this.#high
      low = this.#low
    }
    if (before > 0) this.context.toggle(this.#bucket, high, low)
    hashSession(session, after)
    if (after > 0) this.context.toggle(this.#bucket, high, low)
    this.#count = after
    this.#high = high
    this.#low = low
  }

  /** 16 bytes: content, then context. */
  bytes(): Uint8Array {
    const view = new DataView(new ArrayBuffer(16))
    view.setInt32(0, this.content.high)
    view.setInt32(4, this.content.low)
    view.setInt32(8, this.context.high)
    view.setInt32(12, this.context.low)
    return new Uint8Array(view.buffer)
  }
}
