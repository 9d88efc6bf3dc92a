/**
 * The process that `bench/durability.ts` kills: a store on a data folder that writes for ever, and tells the number
 * of its last write each time that `flush()` resolved. First it looks for everything that was told before.
 */
import { writeSync } from 'node:fs'
import { filePersistence } from '../src/data/persistence/file.node.js'
import { memoryNetwork } from '../src/mesh/memory/memory-network.js'
import { createStore } from '../src/store/store.js'

const KEYS = 100
/** Large enough that the log is replaced by a snapshot a few times a second. */
const PADDING = 'x'.repeat(500)

const [folder = '', told = '0'] = process.argv.slice(2)
const store = createStore({
  cluster: 'bench',
  transport: memoryNetwork().transport(),
  persistence: filePersistence(folder),
})
await store.ready()
let n = Number(told)
for (let key = 0; key < KEYS; key++) {
  const latest = n - ((((n - key) % KEYS) + KEYS) % KEYS)
  const value = store.usr.get<string>(`key ${key}`)
  const [number, padding] = value?.split(':') ?? [0, PADDING]
  if (Number(number) < latest || padding !== PADDING) writeSync(1, `lost ${key} ${latest} ${number}\n`)
  // What was written but not told may be there as well: go on beyond it.
  n = Math.max(n, Number(number))
}
writeSync(1, `open ${n}\n`)
for (;;) {
  const writes = 1 + Math.floor(Math.random() * 20)
  for (let i = 0; i < writes; i++) store.usr.set(`key ${++n % KEYS}`, `${n}:${PADDING}`)
  if (Math.random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 12))
  await store.flush()
  writeSync(1, `${n}\n`)
}
