/**
 * Row 26: what a data folder holds after its files were cut or changed at every byte, after kill -9 under load, and
 * after a loss of power at every operation; and how large it is after a million overwrites.
 */

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { filePersistenceOn } from '../src/data/persistence/file.node.js'
import { planAll } from '../src/data/replica/plan.js'
import { Replica } from '../src/data/replica/replica.js'
import { fault, recordScript, runScript } from '../test/node/persistence/crash-script.js'
import { type DiskState, ModelDisk, statesAfter } from '../test/node/persistence/model-disk.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject } from './built.js'
import { damagedCheckpoints } from './damaged-checkpoints.js'
import { killed } from './killed.js'

const KEYS = 1000
const BATCH = 100
const GROWTH_MAX = 3
const IDLE_MILLIS_MAX = 20_000

/** What a data folder survives. */
export const durability: Bench = {
  name: 'durability',
  rows: [26],
  about: 'cut and flipped files, kill -9, loss of power, full disks; size after a million overwrites',
  async *run({ quick, size }) {
    yield* damaged()
    yield await damagedLabels()
    yield await powerLost()
    yield await failing('ENOSPC')
    yield await failing('EIO')
    yield await killRow(size ?? (quick ? 40 : 1000))
    yield* grown(quick ? 100_000 : 1_000_000)
  },
}

function row(
  what: string,
  value: number,
  unit: string,
  target: string,
  pass: boolean,
  note: string,
): BenchRow {
  return { row: 26, name: 'durability', what, value, unit, target, pass, note }
}

/** A folder with two snapshots and two logs, and what it holds. */
async function sound(): Promise<{ state: DiskState; values: ReadonlyMap<string, number> }> {
  const disk = new ModelDisk()
  const persistence = filePersistenceOn(disk, '/data')
  const log: Uint8Array[] = []
  const replica = new Replica({ random: Math.random, wall: Date.now, record: (record) => log.push(record) })
  await persistence.open()
  await persistence.saveIdentity(new TextEncoder().encode('member'))
  for (let n = 0; n < 60; n++) {
    replica.commit(planAll([{ type: 'set', key: `key ${n % 24}`, value: n }]))
    replica.exchange.seal()
    await persistence.append(log.splice(0))
    if (n === 20 || n === 40) await persistence.snapshot(replica.exchange.checkpoint())
  }
  await persistence.close()
  return { state: disk.state(), values: valuesOf(replica) }
}

function valuesOf(replica: Replica): Map<string, number> {
  return new Map([...replica.keys()].map((key) => [key, Number(replica.get(key))]))
}

/** The same for a labelled checkpoint, every bit of it. */
async function damagedLabels(): Promise<BenchRow> {
  const { states, accepted, bytes } = await damagedCheckpoints()
  const note = `${states} versions of ${bytes} B`
  return row('damaged labelled checkpoints accepted', accepted, 'versions', '0', accepted === 0, note)
}

/** Cuts each file at every length, and flips a bit of each byte. */
async function* damaged(): AsyncGenerator<BenchRow> {
  const { state, values } = await sound()
  const counts = { states: 0, accepted: 0, unopened: 0, bySnapshot: 0, silent: 0 }
  for (const [name, bytes] of state) {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      for (const version of [bytes.subarray(0, at), flipped]) {
        counts.states++
        await judge(new Map(state).set(name, version), name, values, counts)
      }
    }
  }
  const files = [...state].map(([name, { length }]) => `${name} ${length} B`).join(', ')
  const note = `${counts.states} damaged folders; ${files}`
  yield row('corrupt accepted', counts.accepted, 'folders', '0', counts.accepted === 0, note)
  const lost = counts.bySnapshot + counts.unopened
  yield row(
    'writes lost by one damaged snapshot or identity, or no start',
    lost,
    'folders',
    '0',
    lost === 0,
    note,
  )
}

async function judge(
  state: DiskState,
  name: string,
  values: ReadonlyMap<string, number>,
  counts: { accepted: number; unopened: number; bySnapshot: number },
): Promise<void> {
  const replica = new Replica({ random: Math.random, wall: Date.now })
  try {
    const { identity, snapshot, records } = await filePersistenceOn(new ModelDisk(state), '/data').open()
    if (identity && new TextDecoder().decode(identity) !== 'member') counts.accepted++
    if (snapshot && replica.exchange.restore(snapshot).type !== 'applied') counts.accepted++
    replica.exchange.replay(records)
    const found = valuesOf(replica)
    // Key k only ever held numbers n with n % 24 = k, none later than the last.
    const isTrue = ([key, n]: [string, number]) => key === `key ${n % 24}` && n <= (values.get(key) ?? -1)
    if (![...found].every(isTrue)) counts.accepted++
    const isWhole = [...values].every(([key, n]) => found.get(key) === n)
    if (!name.startsWith('log') && !isWhole) counts.bySnapshot++
  } catch {
    counts.unopened++
  } finally {
    replica.destroy()
  }
}

async function powerLost(): Promise<BenchRow> {
  const { operations, acknowledged } = await recordScript()
  const faults: string[] = []
  let states = 0
  for (let end = 0; end <= operations.length; end++) {
    for (const state of statesAfter(operations.slice(0, end))) {
      states++
      const found = await fault(state, acknowledged(end))
      if (found) faults.push(`after ${end}: ${found}`)
    }
  }
  const note = `${operations.length} file operations, cut after each, every subset of what was not synced: ${states} states; ${faults.slice(0, 3).join('; ')}`
  return row(
    'losses of power with a loss of acknowledged writes',
    faults.length,
    'states',
    '0',
    faults.length === 0,
    note,
  )
}

async function failing(code: string): Promise<BenchRow> {
  const { operations } = await recordScript()
  let faults = 0
  for (let index = 0; index < operations.length; index++) {
    const disk = new ModelDisk()
    disk.trouble = (_, at) => (at === index ? code : undefined)
    let acknowledged = 0
    await runScript(disk, (records) => {
      acknowledged = records
    }).catch(() => undefined)
    await disk.releaseLock()
    if (await fault(disk.state(), acknowledged)) faults++
  }
  return row(`${code} at each operation`, faults, 'losses', '0', faults === 0, `${operations.length} points`)
}

async function killRow(points: number): Promise<BenchRow> {
  const { kills, faults, acknowledged } = await killed(points)
  const note = `${kills} processes killed under load, ${acknowledged} writes acknowledged; ${faults.slice(0, 3).join('; ')}`
  return row('kill -9', faults.length, 'losses', '0', faults.length === 0, note)
}

/** The size of snapshots and logs, at the most and once writes have stopped, by the live state. */
async function* grown(overwrites: number): AsyncGenerator<BenchRow> {
  const { createStore, filePersistence, memoryNetwork } = await builtSubject()
  const folder = await mkdtemp(join(tmpdir(), 'gossip-kv-bench-'))
  const store = createStore({
    cluster: 'bench',
    transport: memoryNetwork().transport(),
    persistence: filePersistence(folder),
  })
  let peak = { ratio: 0, bytes: 0, live: 0 }
  try {
    await store.ready()
    for (let n = 0; n < overwrites; n += BATCH) {
      store.usr.setMany(Array.from({ length: BATCH }, (_, i) => [`key ${(n + i) % KEYS}`, n + i] as const))
      await setImmediate()
      if (n % (50 * BATCH) !== 0 || n < 10 * KEYS) continue
      const now = await sizes(folder)
      if (now.live > 0 && now.ratio > peak.ratio) peak = now
    }
    await store.flush()
    const endAt = performance.now() + IDLE_MILLIS_MAX
    let rest = await sizes(folder)
    while (rest.ratio > GROWTH_MAX && performance.now() < endAt) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      rest = await sizes(folder)
    }
    const what = `${overwrites.toLocaleString('en')} overwrites of 1,000 keys`
    const note = (of: typeof rest) => `${of.bytes} B, newest snapshot ${of.live} B; two are kept`
    yield row(
      `folder by live state, ${what}, at rest`,
      rest.ratio,
      'x',
      '<= 3',
      rest.ratio <= GROWTH_MAX,
      note(rest),
    )
    yield row(`the same at its largest under load`, peak.ratio, 'x', 'none', true, note(peak))
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function sizes(folder: string): Promise<{ ratio: number; bytes: number; live: number }> {
  const names = (await readdir(folder)).filter((name) => /^(snapshot|log)/.test(name)).sort()
  let bytes = 0
  let live = 0
  for (const name of names) {
    // A file may have been replaced meanwhile.
    const size = await stat(join(folder, name)).then(
      (found) => found.size,
      () => 0,
    )
    bytes += size
    if (/^snapshot-\d+\.gkv$/.test(name) && size > 0) live = size
  }
  return { ratio: bytes / live, bytes, live }
}
