/**
 * The page that `bench/tab.ts` opens: a store in IndexedDB. `?kill=N` looks for everything up to write N, then writes
 * until the browser is killed; `?fill` and `?load` are for the time of a start.
 */
import { indexedDbPersistence } from '../src/data/persistence/indexed-db.js'
import { memoryNetwork } from '../src/mesh/memory/memory-network.js'
import { createStore } from '../src/store/store.js'

declare global {
  /** Tells the bench a line. */
  function report(line: string): Promise<void>
}

const KEYS = 100
const LOADED_KEYS = 100_000
const BATCH = 2000
const PADDING = 'x'.repeat(500)
const search = new URLSearchParams(location.search)

const startedAt = performance.now()
const store = createStore({
  cluster: 'bench',
  transport: memoryNetwork().transport(),
  persistence: indexedDbPersistence('bench'),
})
try {
  await store.ready()
  if (store.status.storageError) throw store.status.storageError
  if (search.has('fill')) await fill()
  else if (search.has('load')) await load()
  else await writeForEver(Number(search.get('kill')))
} catch (error) {
  await report(`failed ${String(error)}`)
}

async function fill(): Promise<void> {
  for (let start = 0; start < LOADED_KEYS; start += BATCH)
    store.usr.setMany(Array.from({ length: BATCH }, (_, i) => [`key-${start + i}`, start + i] as const))
  await store.flush()
  await store.close()
  await report('filled')
}

async function load(): Promise<void> {
  const millis = performance.now() - startedAt
  if (store.usr.get(`key-${LOADED_KEYS - 1}`) !== LOADED_KEYS - 1) throw new Error('a key is missing')
  await store.close()
  await report(`loaded ${millis}`)
}

async function writeForEver(told: number): Promise<void> {
  let n = told
  for (let key = 0; key < KEYS; key++) {
    const latest = told - ((((told - key) % KEYS) + KEYS) % KEYS)
    const [number, padding] = store.usr.get<string>(`key ${key}`)?.split(':') ?? [0, PADDING]
    if (Number(number) < latest || padding !== PADDING) await report(`lost ${key} ${latest} ${number}`)
    n = Math.max(n, Number(number))
  }
  // Another id than before: the browser has begun with an empty database.
  await report(`id ${store.id}`)
  await report(`open ${n}`)
  for (;;) {
    for (let i = 0; i < 10; i++) store.usr.set(`key ${++n % KEYS}`, `${n}:${PADDING}`)
    await store.flush()
    void report(`${n}`)
  }
}
