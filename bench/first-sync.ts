/**
 * Row 22: how fast a newcomer gets all of a store over real WebRTC: from the open link to the last key shown, between two
 * processes. Beside it: the same number of bytes over a bare data channel of the same implementation, in messages of 16 KiB,
 * from the first byte to the last: the handshake of neither counts. The two take turns; the figure is the median of the ratios.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createSignalingServer } from '../signaling-server/server.js'
import type { Bench, BenchRow } from './bench.js'
import { bundle } from './built.js'
import { atLeast } from './lab.js'

const MEBIBYTE = 1024 * 1024
const TRANSFER_MILLIS_MAX = 120_000

type Role = 'give' | 'take'

/** Throughput of a first sync. */
export const firstSync: Bench = {
  name: 'first-sync',
  rows: [22],
  about: 'a newcomer gets 1 MiB and 10 MiB over real WebRTC, beside a bare data channel',
  async *run({ quick, size }) {
    const child = await bundle('bench/first-sync-child.ts')
    try {
      for (const mebibytes of size ? [size] : [1, 10]) yield await row(child, mebibytes, quick ? 3 : 7)
    } finally {
      await rm(child, { force: true })
    }
  },
}

async function row(child: string, mebibytes: number, rounds: number): Promise<BenchRow> {
  const bytes = mebibytes * MEBIBYTE
  const pairs: { store: number; raw: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const raw = await transfer(child, 'raw', bytes)
    pairs.push({ raw, store: await transfer(child, 'store', bytes) })
  }
  const ratios = pairs.map(({ store, raw }) => raw / store).sort((a, b) => a - b)
  const store = median(pairs.map((pair) => pair.store))
  const raw = median(pairs.map((pair) => pair.raw))
  const rate = (millis: number) => `${((bytes / millis / MEBIBYTE) * 1_000).toFixed(1)} MiB/s`
  const note = `median of ${rounds} rounds, ${ratios[0]?.toFixed(2)} to ${ratios.at(-1)?.toFixed(2)}; ${store.toFixed(0)} ms, ${rate(store)}; bare channel ${raw.toFixed(0)} ms, ${rate(raw)}; keys of 1 KiB`
  const measured = {
    row: 22,
    name: 'first-sync',
    what: `${mebibytes} MiB`,
    value: median(ratios),
    unit: 'x',
    note,
  }
  return { ...atLeast(measured, 0.5), target: '>= 0.5 of a bare channel' }
}

/** Milliseconds that a transfer takes. */
async function transfer(file: string, kind: 'store' | 'raw', bytes: number): Promise<number> {
  const signaling = await createSignalingServer()
  const children = new Map<Role, ChildProcess>()
  const start = (role: Role) => {
    const child = fork(file, [kind, role, String(bytes), signaling.url], { execArgv: [] })
    children.set(role, child)
    return child
  }
  const kill = () => {
    for (const child of children.values()) child.kill('SIGKILL')
  }
  process.once('exit', kill)
  try {
    const giver = start('give')
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${kind}: no end of the transfer`)),
        TRANSFER_MILLIS_MAX,
      )
      const hear = (message: { signal?: object; millis?: number } | 'ready', other: Role) => {
        if (message === 'ready') start('take').on('message', (told) => hear(told as typeof message, 'give'))
        else if (message.signal) children.get(other)?.send(message.signal)
        else if (message.millis !== undefined) {
          clearTimeout(timer)
          resolve(message.millis)
        }
      }
      giver.on('message', (message) => hear(message as 'ready', 'take'))
    })
  } finally {
    process.removeListener('exit', kill)
    kill()
    await signaling.close()
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
