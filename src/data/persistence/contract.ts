/**
 * What every persistence must do, as a suite of tests for any runner with `describe` and `it`.
 *
 * @example
 * import { describe, it } from 'mocha'
 * import { persistenceContract } from 'gossip-kv/testing'
 * persistenceContract({ describe, it }, 'my adapter', async () => {
 *   const folder = await mkdtemp('...')
 *   return { adapter: () => myPersistence(folder), dispose: () => rm(folder, { recursive: true }) }
 * })
 */
import { StorageError } from '../../base/errors.js'
import type { Loaded, Persistence } from './persistence.js'

/** The two functions of a test runner that are used. */
export interface TestRunner {
  describe(name: string, suite: () => void): unknown
  it(name: string, test: () => Promise<void>): unknown
}

/** An empty place to store, made anew for each test. */
export interface PersistencePlace {
  /** A new adapter on this place, as another process would make it. It is not open yet. */
  adapter(): Persistence
  /** Removes the place. Every adapter has been closed. */
  dispose?(): Promise<void>
}

type MakePlace = () => PersistencePlace | Promise<PersistencePlace>

/** Defines the tests. They fail with an Error that says what was expected. */
export function persistenceContract(runner: TestRunner, name: string, make: MakePlace): void {
  runner.describe(`${name}, as every persistence,`, () => {
    for (const [sentence, test] of Object.entries(TESTS)) runner.it(sentence, () => inPlace(make, test))
  })
}

/** Adapters of one place; those that are open are closed at the end. */
interface Opener {
  open(): Promise<{ persistence: Persistence; loaded: Loaded }>
}

const TESTS: Readonly<Record<string, (place: Opener) => Promise<void>>> = {
  'is empty at first': async (place) => {
    const { loaded } = await place.open()
    isSame('what it holds', shown(loaded), 'identity none, snapshot none, records none')
    isSame('its warning', loaded.warning, undefined)
  },

  'gives back the identity, the newest snapshot and the records after it in their order': async (place) => {
    const { persistence } = await place.open()
    await persistence.saveIdentity(bytes('me'))
    await persistence.append([bytes('r1')])
    await persistence.snapshot(bytes('s1'))
    await persistence.append([bytes('r2'), bytes('r3')])
    await persistence.append([bytes('r4')])
    await persistence.close()
    const { loaded } = await place.open()
    isSame('what it holds', shown(loaded), 'identity me, snapshot s1, records r2 r3 r4')
    isSame('its warning', loaded.warning, undefined)
  },

  'replaces all of an earlier snapshot and log, the identity not': async (place) => {
    const { persistence } = await place.open()
    await persistence.saveIdentity(bytes('me'))
    for (const content of ['s1', 's2', 's3']) {
      await persistence.snapshot(bytes(content))
      await persistence.append([bytes(`after ${content}`)])
    }
    await persistence.saveIdentity(bytes('me too'))
    await persistence.close()
    const { loaded } = await place.open()
    isSame('what it holds', shown(loaded), 'identity me too, snapshot s3, records after s3')
  },

  'goes on with the log of an earlier run': async (place) => {
    for (const record of ['r1', 'r2', 'r3']) {
      const { persistence } = await place.open()
      await persistence.append([bytes(record)])
      await persistence.close()
    }
    const { loaded } = await place.open()
    isSame('what it holds', shown(loaded), 'identity none, snapshot none, records r1 r2 r3')
  },

  'keeps every byte, of large contents too': async (place) => {
    const large = Uint8Array.from({ length: 3 * 1024 * 1024 + 7 }, (_, index) => (index * 31) % 256)
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    const { persistence } = await place.open()
    await persistence.snapshot(large)
    await persistence.append([all, large])
    await persistence.close()
    const { loaded } = await place.open()
    isTrue('the snapshot is the same', equal(loaded.snapshot, large))
    isTrue('the records are the same', equal(loaded.records[0], all) && equal(loaded.records[1], large))
  },

  'keeps the bytes as they were at the call, and gives them away for good': async (place) => {
    const { persistence } = await place.open()
    const buffer = bytes('one')
    const saving = persistence.snapshot(buffer)
    buffer.set(bytes('two'))
    await saving
    await persistence.append([bytes('r')])
    await persistence.close()
    const first = await place.open()
    first.loaded.snapshot?.fill(0)
    first.loaded.records[0]?.fill(0)
    await first.persistence.close()
    isSame('what it holds', shown((await place.open()).loaded), 'identity none, snapshot one, records r')
  },

  'is for one at a time: a second open() rejects with ERR_DATA_LOCKED until close()': async (place) => {
    const { persistence } = await place.open()
    await rejects('the second open()', place.open(), 'ERR_DATA_LOCKED')
    await persistence.append([bytes('r')])
    await persistence.close()
    await persistence.close()
    isSame('what it holds', shown((await place.open()).loaded), 'identity none, snapshot none, records r')
  },

  'rejects with a StorageError after close()': async (place) => {
    const { persistence } = await place.open()
    await persistence.close()
    await rejects('append()', persistence.append([bytes('r')]), undefined)
    await rejects('snapshot()', persistence.snapshot(bytes('s')), undefined)
    await rejects('saveIdentity()', persistence.saveIdentity(bytes('i')), undefined)
  },

  'opens again after close()': async (place) => {
    const { persistence } = await place.open()
    await persistence.snapshot(bytes('s'))
    await persistence.close()
    isSame('what it holds', shown(await persistence.open()), 'identity none, snapshot s, records none')
    await persistence.append([bytes('r')])
    await persistence.close()
    isSame('what it holds', shown((await place.open()).loaded), 'identity none, snapshot s, records r')
  },
}

async function inPlace(make: MakePlace, test: (place: Opener) => Promise<void>): Promise<void> {
  const place = await make()
  const adapters: Persistence[] = []
  const open = async () => {
    const persistence = place.adapter()
    const loaded = await persistence.open()
    adapters.push(persistence)
    return { persistence, loaded }
  }
  try {
    await test({ open })
  } finally {
    for (const persistence of adapters) await persistence.close()
    await place.dispose?.()
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function shown({ identity, snapshot, records }: Loaded): string {
  const text = (content: Uint8Array | undefined) => (content ? new TextDecoder().decode(content) : 'none')
  const all = records.length === 0 ? 'none' : records.map(text).join(' ')
  return `identity ${text(identity)}, snapshot ${text(snapshot)}, records ${all}`
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && b.every((byte, index) => a[index] === byte)
}

function isSame(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`)
}

function isTrue(what: string, holds: boolean): void {
  if (!holds) throw new Error(`expected that ${what}`)
}

async function rejects(what: string, promise: Promise<unknown>, code: string | undefined): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof StorageError)) throw new Error(`${what}: expected a StorageError, found ${error}`)
  if (code !== undefined) isSame(`the code of ${what}`, error.code, code)
}
