/**
 * Row 19: how long a member takes to be ready that finds 100,000 small keys in its data folder, from
 * `createStore` to `ready()`, the file and its checksum included.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as Y from 'yjs'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { median } from './contest.js'

const KEYS = 100_000
const BATCH = 2000

/** How long a start from disk takes. */
export const load: Bench = {
  name: 'load',
  rows: [19],
  about: 'seconds until a store of 100,000 small keys is ready, read from its data folder',
  async *run({ quick }) {
    const subject = await builtSubject()
    const folder = await mkdtemp(join(tmpdir(), 'gossip-kv-bench-'))
    try {
      yield await measured(subject, folder, quick ? 3 : 9)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

async function measured(
  subject: Subject,
  folder: string,
  times: number,
): Promise<BenchRow & Record<string, unknown>> {
  await fill(subject, join(folder, 'store'))
  await fillPlain(join(folder, 'plain'))
  const ours: Awaited<ReturnType<typeof timed>>[] = []
  const theirs: typeof ours = []
  for (let i = 0; i < times; i++) {
    ours.push(await timed(() => open(subject, join(folder, 'store'))))
    theirs.push(await timed(() => openPlain(join(folder, 'plain'))))
  }
  const seconds = median(ours.map((time) => time.seconds))
  const best = Math.min(...ours.map((time) => time.seconds))
  const cpuSeconds = median(ours.map((time) => time.cpuSeconds))
  const plain = {
    seconds: median(theirs.map((time) => time.seconds)),
    cpuSeconds: median(theirs.map((time) => time.cpuSeconds)),
  }
  return {
    row: 19,
    name: 'load',
    what: '100,000 keys',
    value: seconds,
    unit: 's',
    target: '<= 3 s',
    pass: seconds <= 3,
    bestSeconds: best,
    cpuSeconds,
    plainYjs: plain,
    note:
      `median of ${times}, best ${best.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU; fresh stock Y.Doc ` +
      `without history ${plain.seconds.toFixed(2)} s, ${plain.cpuSeconds.toFixed(2)} s of CPU`,
  }
}

async function timed(
  act: () => Promise<() => Promise<void>>,
): Promise<{ seconds: number; cpuSeconds: number }> {
  globalThis.gc?.()
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const close = await act()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - startedAt) / 1000
  await close()
  return { seconds, cpuSeconds: (user + system) / 1e6 }
}

function storeOn({ createStore, memoryNetwork, filePersistence }: Subject, folder: string) {
  return createStore({
    cluster: 'bench',
    transport: memoryNetwork().transport(),
    persistence: filePersistence(folder),
  })
}

async function fill(subject: Subject, folder: string): Promise<void> {
  const store = storeOn(subject, folder)
  await store.ready()
  for (let start = 0; start < KEYS; start += BATCH)
    store.usr.setMany(Array.from({ length: BATCH }, (_, i) => [`key-${start + i}`, start + i] as const))
  await store.flush()
  await store.close()
}

async function open(subject: Subject, folder: string): Promise<() => Promise<void>> {
  const store = storeOn(subject, folder)
  await store.ready()
  if (store.usr.get(`key-${KEYS - 1}`) !== KEYS - 1) throw new Error('a key is missing after the load')
  return () => store.close()
}

async function fillPlain(file: string): Promise<void> {
  const doc = new Y.Doc()
  doc.transact(() => {
    for (let i = 0; i < KEYS; i++) doc.getMap('usr').set(`key-${i}`, i)
  })
  await writeFile(file, Y.encodeStateAsUpdate(doc))
}

async function openPlain(file: string): Promise<() => Promise<void>> {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, await readFile(file))
  if (doc.getMap('usr').get(`key-${KEYS - 1}`) !== KEYS - 1)
    throw new Error('a key is missing after the load')
  return async () => doc.destroy()
}
