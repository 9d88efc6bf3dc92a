/**
 * What becomes of the process that a store lives in, where there is one: it is asked to end by a signal that nobody
 * else in it listens to. Then its stores say goodbye first, and the signal does what it would have done.
 */
import type { Unsubscribe } from '../base/emitter.js'

type Listener = (...args: never[]) => void

interface Process {
  readonly pid: number
  on(event: string, listener: Listener): void
  off(event: string, listener: Listener): void
  listenerCount(event: string): number
  kill(pid: number, signal: string): void
}

const SIGNALS: readonly string[] = ['SIGTERM', 'SIGINT']
/** A store that cannot end, as on a disk that hangs, keeps its process so long. */
const END_MILLIS_MAX = 5_000

const ends = new Set<() => Promise<void>>()
const listening = new Map<string, () => void>()

/** Calls `end` before such a signal ends the process, until unsubscribed. */
export function followProcess(end: () => Promise<void>): Unsubscribe {
  const { process } = globalThis as unknown as { process?: Process }
  // Bundlers put something of this name into pages.
  if (typeof process?.listenerCount !== 'function' || typeof process.kill !== 'function')
    return () => undefined
  if (ends.size === 0) listen(process)
  ends.add(end)
  return () => {
    if (ends.delete(end) && ends.size === 0) stopListening(process)
  }
}

function listen(process: Process): void {
  for (const signal of SIGNALS) {
    if (process.listenerCount(signal) > 0) continue
    const listener = () => void endAll(process, signal)
    listening.set(signal, listener)
    process.on(signal, listener)
  }
  process.on('newListener', giveWay)
}

function stopListening(process: Process): void {
  process.off('newListener', giveWay)
  for (const [signal, listener] of listening) process.off(signal, listener)
  listening.clear()
}

/** Another listener decides alone what the signal does, also a library that looks whether it is the only one. */
function giveWay(this: Process, signal: string): void {
  const listener = listening.get(signal)
  if (listener === undefined) return
  this.off(signal, listener)
  listening.delete(signal)
}

async function endAll(process: Process, signal: string): Promise<void> {
  // A second signal ends the process at once.
  stopListening(process)
  const patience = new Promise((resolve) => setTimeout(resolve, END_MILLIS_MAX))
  await Promise.race([Promise.allSettled([...ends].map((end) => end())), patience])
  process.kill(process.pid, signal)
}
