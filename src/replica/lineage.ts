/**
 * Generations of a store. A new one (`rebase`) forgets the names of sessions of which nothing is alive. Its step
 * says which those were and how much of each was known, so that a member of the older generation forgets exactly
 * that, keeps what it knows beyond, and merges as ever: the dots of everything else stay. Of generations that were
 * begun at the same time the greatest wins; who took another one takes that step back first.
 *
 *   lineage = count, (id, parent, length, dropped)*      oldest first
 *   dropped = count, (distance to the last session, known)*
 */
import * as encoding from 'lib0/encoding'
import { UsageError } from '../base/errors.js'
import { type Random, randomInteger } from '../base/random.js'
import {
  GENERATION_LEAD_MAX,
  GENERATIONS_KEPT,
  MERGE_BYTES_MAX,
  SESSION_WRITES_MAX,
  SESSIONS_MAX,
} from '../wire/limits.js'
import { BoundedReader, Refusal } from './bounded-reader.js'

/** session -> how many of its writes are known, all of them dead. */
export type Dropped = ReadonlyMap<number, number>

/** The step into one generation. */
export interface Step {
  /** Its number times 2^32, and 32 random bits: of two with one number the greater wins. */
  id: number
  /** The id of the generation before, 0 for the first one. */
  parent: number
  dropped: Uint8Array
}

/** What leads from one lineage to another. */
export interface Path {
  /** Taken back, newest first. */
  undo: Dropped[]
  /** Taken, oldest first. */
  redo: Dropped[]
}

const IDS = 2 ** 32
const NUMBER_MAX = 2 ** 21 - 1

/** The last steps that led to one generation. */
export class Lineage {
  readonly steps: readonly Step[]

  constructor(steps: readonly Step[] = []) {
    this.steps = steps
  }

  /** The generation, 0 at the beginning. */
  get id(): number {
    return this.steps.at(-1)?.id ?? 0
  }

  /** How many generations there were before. */
  get number(): number {
    return numberOf(this.id)
  }

  /** The generations that are known here, oldest first. */
  get ids(): number[] {
    return [this.steps[0]?.parent ?? 0, ...this.steps.map(({ id }) => id)]
  }

  /** The lineage of a new generation that forgets `dropped`. @throws UsageError ERR_FULL after 2 million of them */
  next(dropped: Dropped, random: Random): Lineage {
    if (this.number >= NUMBER_MAX) throw spent()
    const id = (this.number + 1) * IDS + randomInteger(random, IDS)
    const step = { id, parent: this.id, dropped: encodeDropped(dropped) }
    return new Lineage([...this.steps, step].slice(-GENERATIONS_KEPT))
  }

  /** Whether a generation is so far ahead that nobody can have come to it. */
  isBeyondReach(id: number): boolean {
    return numberOf(id) > this.number + GENERATION_LEAD_MAX
  }

  /** How to come to `target`; undefined when no generation is known in both lineages. */
  pathTo(target: Lineage): Path | undefined {
    const common = commonOf(this.ids, target.ids)
    if (common === undefined) return undefined
    const undo = this.steps.filter(({ id }) => id > common).reverse()
    const redo = target.steps.filter(({ id }) => id > common)
    return { undo: undo.map(droppedBy), redo: redo.map(droppedBy) }
  }
}

/** The greatest generation that is in both lists. */
export function commonOf(mine: readonly number[], theirs: readonly number[]): number | undefined {
  return mine.findLast((id) => theirs.includes(id))
}

function spent(): UsageError {
  return new UsageError('ERR_FULL', {
    what: `There is no generation after number ${NUMBER_MAX}`,
    why: 'A generation is named by 53 bits, and somebody has used up the numbers',
    fix: 'Start a cluster under another name from an export of the data',
  })
}

function numberOf(id: number): number {
  return Math.floor(id / IDS)
}

function encodeDropped(dropped: Dropped): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, dropped.size)
  let last = 0
  for (const [session, known] of [...dropped].sort(([a], [b]) => a - b)) {
    encoding.writeVarUint(encoder, session - last)
    encoding.writeVarUint(encoder, known)
    last = session
  }
  return encoding.toUint8Array(encoder)
}

function droppedBy({ dropped }: Step): Dropped {
  return readDropped(new BoundedReader(dropped))
}

function readDropped(reader: BoundedReader): Dropped {
  const dropped = new Map<number, number>()
  let session = 0
  for (let left = reader.count(SESSIONS_MAX, 2); left > 0; left--) {
    session = readSession(reader, session)
    dropped.set(session, readKnown(reader))
  }
  if (reader.remaining > 0) throw new Refusal('trailing')
  return dropped
}

/** A session beyond the last one. @throws Refusal */
export function readSession(reader: BoundedReader, last: number): number {
  const distance = reader.integer()
  if (distance === 0 || last + distance > Number.MAX_SAFE_INTEGER) throw new Refusal('malformed')
  return last + distance
}

/** How many writes of a session are known: one at least. @throws Refusal */
export function readKnown(reader: BoundedReader): number {
  const known = reader.integer()
  if (known === 0) throw new Refusal('malformed')
  if (known > SESSION_WRITES_MAX) throw new Refusal('counter')
  return known
}

/** Writes the steps of a lineage. */
export function writeLineage(encoder: encoding.Encoder, { steps }: Lineage): void {
  encoding.writeVarUint(encoder, steps.length)
  for (const { id, parent, dropped } of steps) {
    encoding.writeVarUint(encoder, id)
    encoding.writeVarUint(encoder, parent)
    encoding.writeVarUint8Array(encoder, dropped)
  }
}

/** Reads steps that each begin where the last one ended. @throws Refusal */
export function readLineage(reader: BoundedReader): Lineage {
  const steps: Step[] = []
  for (let left = reader.count(GENERATIONS_KEPT, 4); left > 0; left--) {
    const id = readGeneration(reader)
    const parent = reader.integer()
    const last = steps.at(-1)
    if (numberOf(parent) !== numberOf(id) - 1 || (last && last.id !== parent)) throw new Refusal('malformed')
    const dropped = reader.bytes(reader.count(MERGE_BYTES_MAX, 1))
    // What cannot be read later must not be taken now.
    readDropped(new BoundedReader(dropped))
    steps.push({ id, parent, dropped })
  }
  return new Lineage(steps)
}

/** The id of a generation that is not the first one. @throws Refusal */
export function readGeneration(reader: BoundedReader): number {
  const id = reader.integer()
  // Whatever else trails a message is too small to be one.
  if (id < IDS) throw new Refusal('trailing')
  return id
}
