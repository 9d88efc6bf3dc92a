/**
 * Dotted writes as a Yjs v1 update, and back. A dot takes two clocks: an item of the root `usr` with its key, no
 * origin and the content `[meta, value]`; the dead are GC runs, and dead dots outside of the runs are a delete
 * set. Applied to an empty stock `Y.Doc` it shows the same `usr`. Decoding trusts nothing and changes nothing.
 *
 *   update  = count, run*, deletes            (sessions descending, as Yjs writes them)
 *   run     = structs, session, 2 * start, (item | gc)*
 *   item    = 0x28, 1, "usr", key, 2, meta, value          meta = stamp | [stamp, expires]
 *   gc      = 0, 2 * dots
 *   deletes = count, (session, count, (2 * from, 2 * dots)*)*
 */
import * as encoding from 'lib0/encoding'
import type { Offence } from '../protocol/replica-port.js'
import { FORBIDDEN_KEYS, KEY_BYTES_MAX, SESSION_WRITES_MAX } from '../wire/limits.js'
import { type BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import type { DottedMap } from './dotted-map.js'
import { Entry } from './entry.js'
import type { Incoming, Kill, Run } from './incoming.js'
import { type Measure, RESERVED_PREFIX, type Value } from './value.js'

const ROOT = 'usr'
const GC_INFO = 0
/** ContentAny (8) with a parent key (bit 6) and no origins. */
const ITEM_INFO = 0x28
const PARENT_IS_ROOT = 1
const ANY_FLOAT64 = 123
const ANY_ARRAY = 117
const ANY_STRING = 119
const ROOT_START = Uint8Array.of(PARENT_IS_ROOT, ROOT.length, ...new TextEncoder().encode(ROOT))
const SHORT_TEXT = 24
// Reused: both ways are synchronous, and an update should not allocate for each of its fields.
const float = Uint8Array.of(ANY_FLOAT64, 0, 0, 0, 0, 0, 0, 0, 0)
const floatView = new DataView(float.buffer)
const measure: Measure = { bytes: 0, binary: false }
/** The smallest run: structs, session, start, one GC of two bytes. */
const RUN_BYTES_MIN = 5

/** How much one update may carry. */
export interface UpdateLimits {
  bytesMax: number
  structsMax: number
  /** Sessions with new writes. */
  sessionsMax: number
  /** How many dots a run may span beyond the structs that it carries. */
  gapMax: number
  /** Whether dead dots outside of the runs may be told. */
  kills: boolean
}

/** A decoded update. */
export interface Decoded extends Incoming {
  runs: Run[]
  kills: Kill[]
}

/** Encodes runs and kills; both are sorted here. */
export function encodeUpdate(runs: Run[], kills: Kill[]): Uint8Array {
  const encoder = encoding.createEncoder()
  writeUpdate(encoder, runs, kills)
  return encoding.toUint8Array(encoder)
}

/** The same into an encoder. */
export function writeUpdate(encoder: encoding.Encoder, runs: Run[], kills: Kill[]): void {
  runs.sort((a, b) => b.session - a.session)
  encoding.writeVarUint(encoder, runs.length)
  for (const run of runs) writeRun(encoder, run)
  kills.sort((a, b) => b.session - a.session)
  encoding.writeVarUint(encoder, kills.length)
  for (const kill of kills) writeKill(encoder, kill)
}

function writeRun(encoder: encoding.Encoder, run: Run): void {
  encoding.writeVarUint(encoder, run.entries.length + run.dead.length / 2)
  encoding.writeVarUint(encoder, run.session)
  encoding.writeVarUint(encoder, 2 * run.start)
  let next = run.start
  for (const entry of run.entries) {
    if (entry.n > next) writeGap(encoder, entry.n - next)
    writeItem(encoder, entry)
    next = entry.n + 1
  }
  if (run.end > next) writeGap(encoder, run.end - next)
}

function writeGap(encoder: encoding.Encoder, dots: number): void {
  encoding.write(encoder, GC_INFO)
  encoding.writeVarUint(encoder, 2 * dots)
}

/** Names `usr` as the parent of an item. */
export function writeRoot(encoder: encoding.Encoder): void {
  writeFew(encoder, ROOT_START)
}

/** An entry as an item. */
export function writeItem(encoder: encoding.Encoder, entry: Entry): void {
  encoding.write(encoder, ITEM_INFO)
  writeRoot(encoder)
  writeText(encoder, entry.key)
  encoding.write(encoder, 2)
  if (entry.expires !== undefined) {
    encoding.write(encoder, ANY_ARRAY)
    encoding.write(encoder, 2)
  }
  writeFloat(encoder, entry.stamp)
  if (entry.expires !== undefined) writeFloat(encoder, entry.expires)
  if (entry.encoded) encoding.writeUint8Array(encoder, entry.encoded)
  else writeValue(encoder, entry.value)
}

function writeValue(encoder: encoding.Encoder, value: Value): void {
  if (typeof value !== 'string') encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  else {
    encoding.write(encoder, ANY_STRING)
    writeText(encoder, value)
  }
}

/** As `writeVarString`, which calls the platform's encoder: for short ASCII that costs more than the text. */
function writeText(encoder: encoding.Encoder, text: string): void {
  const { length } = text
  if (length > SHORT_TEXT) return encoding.writeVarString(encoder, text)
  encoding.verifyLen(encoder, length + 1)
  const { cbuf, cpos } = encoder
  cbuf[cpos] = length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return encoding.writeVarString(encoder, text)
    cbuf[cpos + 1 + i] = unit
  }
  encoder.cpos = cpos + 1 + length
}

/** As `writeUint8Array`, which makes a view each time, for a handful of bytes. */
function writeFew(encoder: encoding.Encoder, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) encoding.write(encoder, bytes[i] ?? 0)
}

function writeFloat(encoder: encoding.Encoder, value: number): void {
  floatView.setFloat64(1, value)
  writeFew(encoder, float)
}

function writeKill(encoder: encoding.Encoder, kill: Kill): void {
  encoding.writeVarUint(encoder, kill.session)
  encoding.writeVarUint(encoder, kill.ranges.length / 2)
  for (let i = 0; i < kill.ranges.length; i += 2) {
    const from = kill.ranges[i] ?? 0
    encoding.writeVarUint(encoder, 2 * from)
    encoding.writeVarUint(encoder, 2 * ((kill.ranges[i + 1] ?? 0) - from))
  }
}

/** The writes of `session` from `start` on that `map` knows, as a run. */
export function runOf(map: DottedMap, session: number, start: number): Run {
  return completed({ session, start, end: map.known(session), entries: map.liveOf(session, start), dead: [] })
}

/** Fills in the dead between the entries of a run. */
export function completed(run: Run): Run {
  let next = run.start
  for (const entry of run.entries) {
    if (entry.n > next) run.dead.push(next, entry.n)
    next = entry.n + 1
  }
  if (run.end > next) run.dead.push(next, run.end)
  return run
}

/** Decodes a whole update. The offence names the rule that it breaks. */
export function decodeUpdate(bytes: Uint8Array, limits: UpdateLimits): Decoded | Offence {
  if (bytes.length > limits.bytesMax) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => readUpdate(reader, limits))
}

/** Reads an update that something else may follow. @throws Refusal */
export function readUpdate(reader: BoundedReader, limits: UpdateLimits): Decoded {
  const decoded: Decoded = { runs: [], kills: [] }
  const count = reader.count(limits.sessionsMax, RUN_BYTES_MIN)
  let structsLeft = limits.structsMax
  let sessionMax = Number.MAX_SAFE_INTEGER
  for (let i = 0; i < count; i++) {
    const structs = reader.count(structsLeft, 2)
    const session = reader.integer()
    if (session > sessionMax || structs === 0) throw new Refusal('malformed')
    if (session === 0) throw new Refusal('session')
    decoded.runs.push(readRun(reader, session, structs, limits.gapMax))
    structsLeft -= structs
    sessionMax = session - 1
  }
  readKills(reader, decoded, limits)
  return decoded
}

function readRun(reader: BoundedReader, session: number, structs: number, gapMax: number): Run {
  const start = readDots(reader)
  const run: Run = { session, start, end: start, entries: [], dead: [] }
  let wasGap = false
  for (let i = 0; i < structs; i++) {
    const info = reader.byte()
    if (info === ITEM_INFO) {
      run.entries.push(readEntry(reader, session, run.end++))
      wasGap = false
    } else if (info === GC_INFO && !wasGap) {
      const dots = readDots(reader)
      if (dots === 0) throw new Refusal('malformed')
      run.dead.push(run.end, run.end + dots)
      run.end += dots
      wasGap = true
    } else throw new Refusal(info === GC_INFO ? 'malformed' : 'content')
    if (run.end > SESSION_WRITES_MAX) throw new Refusal('counter')
  }
  if (run.end - start > structs + gapMax) throw new Refusal('gap')
  return run
}

/** Clocks come in pairs: half of one would split an item. */
function readDots(reader: BoundedReader): number {
  const clocks = reader.integer()
  if (clocks % 2 !== 0) throw new Refusal('malformed')
  if (clocks > 2 * SESSION_WRITES_MAX) throw new Refusal('counter')
  return clocks / 2
}

/** A whole item. @throws Refusal */
export function readItem(reader: BoundedReader, session: number, n: number): Entry {
  if (reader.byte() !== ITEM_INFO) throw new Refusal('content')
  return readEntry(reader, session, n)
}

/** The parent of an item, which must be `usr`. @throws Refusal */
export function readRoot(reader: BoundedReader): void {
  for (let i = 0; i < ROOT_START.length; i++) if (reader.byte() !== ROOT_START[i]) throw new Refusal('root')
}

/** What follows the first byte of an item. @throws Refusal */
function readEntry(reader: BoundedReader, session: number, n: number): Entry {
  readRoot(reader)
  const keyStart = reader.position
  const key = reader.text(KEY_BYTES_MAX, 'key')
  const prefixed = reader.position - keyStart
  const keyBytes = prefixed - (prefixed <= 128 ? 1 : 2)
  if (key === '' || FORBIDDEN_KEYS.has(key)) throw new Refusal('key')
  if (reader.byte() !== 2) throw new Refusal('content')
  const tag = reader.byte()
  const expiring = tag === ANY_ARRAY && reader.byte() === 2
  if (expiring && reader.byte() !== ANY_FLOAT64) throw new Refusal('meta')
  if (!expiring && tag !== ANY_FLOAT64) throw new Refusal('meta')
  const stamp = readMeta(reader)
  if (expiring && reader.byte() !== ANY_FLOAT64) throw new Refusal('meta')
  const expires = expiring ? readMeta(reader) : undefined
  const start = reader.position
  const value = reader.value(measure)
  const encoded = measure.binary ? reader.copySince(start) : undefined
  if (key.startsWith(RESERVED_PREFIX)) checkCell(key, session, value)
  return new Entry({ key, session, n, stamp, value, expires, bytes: keyBytes + measure.bytes, encoded })
}

function readMeta(reader: BoundedReader): number {
  const value = reader.float64()
  // An infinite stamp would poison every clock.
  if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) throw new Refusal('meta')
  return value
}

/** The reserved key under which `session` keeps its cell of the counter `name`. */
export function counterKey(name: string, session: number): string {
  return `${RESERVED_PREFIX}counter:${session.toString(36)}:${name}`
}

function checkCell(key: string, session: number, value: unknown): void {
  const name = key.slice(counterKey('', session).length)
  if (name === '' || key !== counterKey(name, session)) throw new Refusal('key')
  if (!Number.isSafeInteger(value)) throw new Refusal('value')
}

function readKills(reader: BoundedReader, decoded: Decoded, limits: UpdateLimits): void {
  const count = reader.count(limits.kills ? limits.bytesMax : 0, 4)
  let sessionMax = Number.MAX_SAFE_INTEGER
  // Both descend, so each run is passed once.
  let next = 0
  for (let i = 0; i < count; i++) {
    const session = reader.integer()
    if (session > sessionMax || session === 0) throw new Refusal('malformed')
    while ((decoded.runs[next]?.session ?? 0) > session) next++
    const run = decoded.runs[next]
    decoded.kills.push({ session, ranges: readRanges(reader, run?.session === session ? run : undefined) })
    sessionMax = session - 1
  }
}

/** Ranges ascend without touching; one inside of the session's run would tell a dot twice. */
function readRanges(reader: BoundedReader, run: Run | undefined): number[] {
  const count = reader.count(Number.MAX_SAFE_INTEGER, 2)
  if (count === 0) throw new Refusal('malformed')
  const ranges: number[] = []
  let next = -1
  for (let i = 0; i < count; i++) {
    const from = readDots(reader)
    const to = from + readDots(reader)
    if (to === from || from <= next) throw new Refusal('malformed')
    if (to > SESSION_WRITES_MAX) throw new Refusal('counter')
    if (run && from < run.end && to > run.start) throw new Refusal('malformed')
    ranges.push(from, to)
    next = to
  }
  return ranges
}
