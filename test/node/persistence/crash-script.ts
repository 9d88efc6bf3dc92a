/** A life of a data folder whose contents tell what is in them, and the judgement of what is left after a crash. */
import type { StorageError } from '../../../src/base/errors.js'
import { filePersistenceOn } from '../../../src/data/persistence/file.node.js'
import type { Loaded, Persistence } from '../../../src/data/persistence/persistence.js'
import { type DiskOperation, type DiskState, ModelDisk } from './model-disk.js'

/** How many records each step appends; 0 takes a snapshot, -1 closes and opens anew. */
const STEPS = [1, 2, 1, 0, 1, 1, 0, 2, 1, 0, 1, -1, 1, 1, 0, 1, -1, 0, 2, 1]

/** What was written, and how much of it was acknowledged after so many operations. */
export interface Recording {
  operations: readonly DiskOperation[]
  /** How many records had been acknowledged when so many operations had been done. */
  acknowledged: (operations: number) => number
}

/** Runs the whole script on a sound disk. */
export async function recordScript(): Promise<Recording> {
  const disk = new ModelDisk()
  const marks: { at: number; records: number }[] = []
  await runScript(disk, (records) => marks.push({ at: disk.operations.length, records }))
  return {
    operations: disk.operations,
    acknowledged: (operations) => marks.findLast(({ at }) => at <= operations)?.records ?? 0,
  }
}

/** Record n is the text `n`; a snapshot tells how many records it holds. Tells each acknowledgement. */
export async function runScript(disk: ModelDisk, acknowledged: (records: number) => void): Promise<void> {
  let persistence = await opened(disk)
  let records = 0
  for (const step of STEPS) {
    if (step > 0) {
      await persistence.append(Array.from({ length: step }, (_, index) => bytes(`${records + index}`)))
      records += step
    } else if (step === 0) await persistence.snapshot(bytes(`${records}`))
    else {
      await persistence.close()
      persistence = await opened(disk)
    }
    acknowledged(records)
  }
  await persistence.close()
}

/** Why what `state` holds is not all that was acknowledged, or not true; undefined when it is. */
export async function fault(state: DiskState, acknowledged: number): Promise<string | undefined> {
  const disk = new ModelDisk(state)
  try {
    const persistence = filePersistenceOn(disk, '/data')
    const count = countOf(await persistence.open())
    if (typeof count === 'string') return count
    if (count < acknowledged) return `${acknowledged} records were acknowledged, ${count} are there`
    // Life goes on from here, whatever is left in the folder.
    await persistence.append([bytes(`${count}`)])
    await persistence.close()
    const next = countOf(await persistence.open())
    await persistence.snapshot(bytes(`${next}`))
    await persistence.close()
    const last = countOf(await persistence.open())
    return next === count + 1 && last === next ? undefined : `${count}, then ${next}, then ${last}`
  } catch (error) {
    return (error as StorageError).message
  }
}

/** How many records there are, each after the one before; a text says why there is no such number. */
export function countOf({ snapshot, records }: Loaded): number | string {
  let count = snapshot ? numberIn(snapshot) : 0
  for (const record of records) {
    const number = numberIn(record)
    if (!Number.isSafeInteger(number) || number > count) return `record ${number} follows ${count} records`
    if (number === count) count++
  }
  return Number.isSafeInteger(count) ? count : `a snapshot of ${count} records`
}

async function opened(disk: ModelDisk): Promise<Persistence> {
  const persistence = filePersistenceOn(disk, '/data')
  await persistence.open()
  return persistence
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function numberIn(content: Uint8Array): number {
  const text = new TextDecoder().decode(content)
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
