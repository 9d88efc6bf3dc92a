/**
 * Dotted writes as a Yjs v1 update; update-reader.ts reads it. A dot takes two clocks: an item of the root `usr` with its key, no
 * origin and the content `[meta, value]`; the dead are GC runs, and dead dots outside of the runs are a delete
 * set. Applied to an empty stock `Y.Doc` it shows the same `usr`.
 *
 *   update  = count, run*, deletes            (sessions descending, as Yjs writes them)
 *   run     = structs, session, 2 * start, (item | gc)*
 *   item    = 0x28, 1, "usr", key, 2, meta, value          meta = stamp | [stamp, expires]
 *   gc      = 0, 2 * dots
 *   deletes = count, (session, count, (2 * from, 2 * dots)*)*
 */
import * as encoding from 'lib0/encoding'
import type { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import type { Kill, Run } from './incoming.js'
import type { Value } from './value.js'

const ROOT = 'usr'
/** A run of dead structs. */
export const GC_INFO = 0
/** ContentAny (8) with a parent key (bit 6) and no origins. */
export const ITEM_INFO = 0x28
const PARENT_IS_ROOT = 1
/** The first bytes of values in lib0's `writeAny`. */
export const ANY_FLOAT64 = 123
export const ANY_ARRAY = 117
const ANY_STRING = 119
const utf8 = new TextEncoder()
/** Names `usr` as the parent of an item. */
export const ROOT_START = Uint8Array.of(PARENT_IS_ROOT, ROOT.length, ...utf8.encode(ROOT))
const SHORT_TEXT = 24
const LENGTH_BYTES_MAX = 4
// Reused: both ways are synchronous, and an update should not allocate for each of its fields.
const float = Uint8Array.of(ANY_FLOAT64, 0, 0, 0, 0, 0, 0, 0, 0)
const floatView = new DataView(float.buffer)
/** More than the head of a run, a gap before an item and another one after it take, and what an item has beside key and value. */
export const STRUCT_BYTES_MAX = 80

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
