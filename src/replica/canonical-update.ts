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
const utf8 = new TextEncoder()
const ROOT_START = Uint8Array.of(PARENT_IS_ROOT, ROOT.length, ...utf8.encode(ROOT))
const SHORT_TEXT = 24
const LENGTH_BYTES_MAX = 4
// Reused: both ways are synchronous, and an update should not allocate for each of its fields.
const float = Uint8Array.of(ANY_FLOAT64, 0, 0, 0, 0, 0, 0, 0, 0)
const floatView = new DataView(float.buffer)
const measure: Measure = { bytes: 0, binary: false }
/** More than the head of a run, a gap before an item and another one after it take, and what an item has beside key and value. */
export const STRUCT_BYTES_MAX = 80
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
  writeRunHead(encoder, run)
  writeStructs(encoder, run, 0, Number.POSITIVE_INFINITY)
}

/** What stands before the structs of a run. */
export function writeRunHead(encoder: encoding.Encoder, run: Run): void {
  encoding.writeVarUint(encoder, run.entries.length + run.dead.length / 2)
  encoding.writeVarUint(encoder, run.session)
  encoding.writeVarUint(encoder, 2 * run.start)
}

/**
 * Writes the structs of a run, from its entry `from` on, while the encoder has surely less than `bytesMax` bytes.
 * Answers the entry at which it stopped; at the end of the run that is the number of its entries.
 */
export function writeStructs(encoder: encoding.Encoder, run: Run, from: number, bytesMax: number): number {
  const { entries } = run
  let next = from === 0 ? run.start : (entries[from - 1]?.n ?? 0) + 1
  for (let i = from; i < entries.length; i++) {
    const entry = entries[i] as Entry
    if (encoding.length(encoder) + entry.bytes + STRUCT_BYTES_MAX > bytesMax) return i
    if (entry.n > next) writeGap(encoder, entry.n - next)
    writeItem(encoder, entry)
    next = entry.n + 1
  }
  if (run.end > next) writeGap(encoder, run.end - next)
  return entries.length
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

/** As `writeVarString`, without its copy; short ASCII without a call of the platform's encoder, which costs more than the text. */
function writeText(encoder: encoding.Encoder, text: string): void {
  const { length } = text
  encoding.verifyLen(encoder, 3 * length + LENGTH_BYTES_MAX)
  if (length <= SHORT_TEXT && writeAscii(encoder, text)) return
  // Where it begins if it is ASCII, and one byte before if not: three times the length takes a byte more at most.
  const start = encoder.cpos + varUintBytes(length)
  const { written } = utf8.encodeInto(text, encoder.cbuf.subarray(start))
  if (varUintBytes(written) > varUintBytes(length)) encoder.cbuf.copyWithin(start + 1, start, start + written)
  encoding.writeVarUint(encoder, written)
  encoder.cpos += written
}

function writeAscii(encoder: encoding.Encoder, text: string): boolean {
  const { cbuf, cpos } = encoder
  const { length } = text
  cbuf[cpos] = length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return false
    cbuf[cpos + 1 + i] = unit
  }
  encoder.cpos = cpos + 1 + length
  return true
}

function varUintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3
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
  const runs = new RunsReader(limits)
  runs.read(reader, true)
  const decoded: Decoded = { runs: runs.runs, kills: [] }
  readKills(reader, decoded, limits)
  return decoded
}

/** Reads the runs of an update, which may come in parts that are cut between two structs. */
export class RunsReader {
  readonly runs: Run[] = []
  readonly #limits: UpdateLimits
  /** Runs that have not begun. */
  #left: number | undefined
  /** Structs that the runs to come may have, and that the present one still has. */
  #structsLeft: number
  #structs = 0
  #spanMax = 0

  constructor(limits: UpdateLimits) {
    this.#limits = limits
    this.#structsLeft = limits.structsMax
  }

  /** Reads on, to the end of the runs or of a part that is not the `last` one; true at the end of the runs. @throws Refusal */
  read(reader: BoundedReader, last: boolean): boolean {
    // What is claimed and may come later costs nothing before it comes.
    this.#left ??= reader.count(this.#limits.sessionsMax, last ? RUN_BYTES_MIN : 0)
    while (this.#structs > 0 || this.#left > 0) {
      if (reader.remaining === 0 && !last) return false
      if (this.#structs === 0) this.#begin(reader, last)
      this.#readStructs(reader, last)
    }
    return true
  }

  #begin(reader: BoundedReader, last: boolean): void {
    const structs = reader.count(this.#structsLeft, last ? 2 : 0)
    const session = reader.integer()
    const before = this.runs.at(-1)
    if ((before && session >= before.session) || structs === 0) throw new Refusal('malformed')
    if (session === 0) throw new Refusal('session')
    const start = readDots(reader)
    this.runs.push({ session, start, end: start, entries: [], dead: [] })
    this.#left = (this.#left ?? 0) - 1
    this.#structs = structs
    this.#structsLeft -= structs
    this.#spanMax = structs + this.#limits.gapMax
  }

  #readStructs(reader: BoundedReader, last: boolean): void {
    const run = this.runs.at(-1) as Run
    const { session, entries } = run
    let left = this.#structs
    for (; left > 0 && (last || reader.remaining > 0); left--) {
      const info = reader.byte()
      if (info === ITEM_INFO) entries.push(readEntry(reader, session, run.end++))
      else if (info === GC_INFO) readGap(reader, run)
      else throw new Refusal('content')
      if (run.end > SESSION_WRITES_MAX) throw new Refusal('counter')
    }
    this.#structs = left
    if (run.end - run.start > this.#spanMax) throw new Refusal('gap')
  }
}

function readGap(reader: BoundedReader, run: Run): void {
  const dots = readDots(reader)
  // Two gaps in a row are one.
  const follows = run.dead.length > 0 && run.dead.at(-1) === run.end
  if (dots === 0 || follows) throw new Refusal('malformed')
  run.dead.push(run.end, run.end + dots)
  run.end += dots
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
