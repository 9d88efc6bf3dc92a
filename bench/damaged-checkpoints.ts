/** Row 26, labelled checkpoints: what is accepted of one after any byte of it was cut off or changed. */

import { memoryCheckpoints } from '../src/data/persistence/memory-checkpoints.js'
import { planAll } from '../src/data/replica/plan.js'
import { Replica } from '../src/data/replica/replica.js'
import { CheckpointShelf } from '../src/store/checkpoints/checkpoint-shelf.js'

/** Entries that were damaged, and how many of them were read all the same. */
export interface DamagedCheckpoints {
  states: number
  accepted: number
  bytes: number
}

/** Cuts head and state at every length, and flips each of their bits. */
export async function damagedCheckpoints(): Promise<DamagedCheckpoints> {
  const storage = memoryCheckpoints()
  const shelf = new CheckpointShelf({ storage, random: Math.random, seal: () => undefined })
  const replica = new Replica({ random: Math.random, wall: Date.now })
  for (let n = 0; n < 60; n++) replica.commit(planAll([{ type: 'set', key: `key ${n % 24}`, value: n }]))
  const { id } = await shelf.add(replica.exchange.checkpoint(), {
    label: 'one',
    at: Date.now(),
    by: 'm',
    keys: 24,
  })
  const reads = async () => {
    try {
      await shelf.state(await shelf.head(id))
      return true
    } catch {
      return false
    }
  }
  if (!(await reads())) throw new Error('the sound checkpoint cannot be read')
  const counts = { states: 0, accepted: 0, bytes: 0 }
  for (const name of await storage.list()) {
    const whole = (await storage.read(name)) ?? new Uint8Array()
    counts.bytes += whole.length
    for (let at = 0; at < whole.length; at++) {
      for (const version of [
        whole.subarray(0, at),
        ...Array.from({ length: 8 }, (_, bit) => flipped(whole, at, bit)),
      ]) {
        await storage.write(name, version)
        counts.states += 1
        if (await reads()) counts.accepted += 1
      }
    }
    await storage.write(name, whole)
  }
  return counts
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ (1 << bit)
  return copy
}
