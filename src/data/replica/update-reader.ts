/** Reads canonical updates (canonical-update.ts), whole or in parts. Trusts nothing and changes nothing. */

import { FORBIDDEN_KEYS } from '../../base/forbidden-keys.js'
import { KEY_BYTES_MAX, SESSION_WRITES_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
import { type BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import { ANY_ARRAY, ANY_FLOAT64, GC_INFO, ITEM_INFO, ROOT_START } from './canonical-update.js'
import { Entry } from './entry.js'
import type { Incoming, Kill, Run } from './incoming.js'
import type { Measure } from './value.js'

// Reused, since nothing of it outlives a read.
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
  return new Entry({ key, session, n, stamp, value, expires, bytes: keyBytes + measure.bytes, encoded })
}

function readMeta(reader: BoundedReader): number {
  const value = reader.float64()
  // An infinite stamp would poison every clock.
  if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) throw new Refusal('meta')
  return value
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
