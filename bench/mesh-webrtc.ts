/**
 * Row 21: whole meshes in one Node process over real WebRTC (@roamhq/wrtc), beside y-webrtc in the same run. Both hold one store
 * or document a member, write 64 B in turn, one write at a time, and are counted at the same place: where a message is given
 * to simple-peer. Each trial is a process of its own, since y-webrtc may end it.
 */
import { fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchRow } from './bench.js'
import { bundle } from './built.js'
import { atMost, reported } from './lab.js'
import type { TrialResult } from './mesh-trial.js'

const TRIAL_MILLIS_MAX = 240_000
const FORM_MILLIS_MAX = 90_000
const PAYLOADS_MAX = 1.2
const LINKS_TARGET = 6
const LINKS_MAX = 8

/** Meshes over WebRTC. */
export const meshWebrtc: Bench = {
  name: 'mesh-webrtc',
  rows: [21],
  about:
    'a mesh in Node over real WebRTC: a write everywhere, messages per write, links, idle; beside y-webrtc',
  async *run({ quick, size }) {
    const contestants = await Contestants.make()
    try {
      for (const one of size ? [size] : quick ? [10] : [10, 20, 50])
        yield* rows(contestants, one, quick ? 50 : 100)
    } finally {
      await contestants.remove()
    }
  },
}

async function* rows(contestants: Contestants, size: number, writes: number): AsyncIterable<BenchRow> {
  const ours = await contestants.ours(size, writes)
  const theirs = size <= 20 ? await contestants.yWebrtc(size, writes) : undefined
  const lost = 'did not form within 90 s, or ended its process'
  const beside = size > 20 ? 'y-webrtc not tried' : `y-webrtc ${theirs ? millis(theirs.formMillis) : lost}`
  if (ours === undefined) {
    const note = `${lost}; ${beside}`
    yield { ...row(size, 'formed'), value: 0, unit: 'meshes', target: '1', pass: false, note }
    return
  }
  yield reported({
    ...row(size, 'formed after'),
    value: ours.formMillis,
    unit: 'ms',
    note: beside,
  })
  yield latency(size, ours, theirs)
  yield reported({
    ...row(size, 'messages per write'),
    value: ours.messagesPerWrite,
    unit: 'messages',
    note: `of all members, ${ours.bytesPerWrite.toFixed(0)} B; y-webrtc ${theirs?.messagesPerWrite.toFixed(1) ?? '-'}, ${theirs?.bytesPerWrite.toFixed(0) ?? '-'} B`,
  })
  yield atMost(
    {
      ...row(size, 'payloads per member and write'),
      value: ours.payloadsPerMember ?? Number.NaN,
      unit: 'frames',
    },
    PAYLOADS_MAX,
  )
  yield atMost(
    {
      ...row(size, 'frames per member and write'),
      value: ours.framesPerMember ?? Number.NaN,
      unit: 'frames',
    },
    LINKS_TARGET,
  )
  yield atMost(
    {
      ...row(size, 'links, most'),
      value: ours.linksMax,
      unit: 'links',
      note: `mean ${ours.linksMean.toFixed(2)}; y-webrtc ${theirs?.linksMean.toFixed(2) ?? '-'}`,
    },
    LINKS_MAX,
  )
  yield atMost(
    {
      ...row(size, 'idle, per member'),
      value: ours.idlePerSecond,
      unit: 'messages/s',
      note: `y-webrtc ${theirs?.idlePerSecond.toFixed(1) ?? '-'}`,
    },
    Number((ours.linksMean + 1).toFixed(2)),
  )
}

/** At 10 members at most y-webrtc's median; at 20 half of it, where it lives. */
function latency(size: number, ours: TrialResult, theirs: TrialResult | undefined): BenchRow {
  const note = `p95 ${ours.p95Millis.toFixed(1)} ms, ${ours.missed} missed; y-webrtc ${millis(theirs?.medianMillis)}, p95 ${millis(theirs?.p95Millis)}`
  const bare = { ...row(size, 'write everywhere, median'), value: ours.medianMillis, unit: 'ms', note }
  if (theirs === undefined || !Number.isFinite(theirs.medianMillis)) return reported(bare)
  const most = theirs.medianMillis * (size <= 10 ? 1 : 0.5)
  return atMost(bare, Number(most.toFixed(1)))
}

function row(size: number, what: string) {
  return { row: 21, name: 'mesh-webrtc', what: `N = ${size}, ${what}` }
}

function millis(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '-' : `${value.toFixed(1)} ms`
}

/** The bundled children of both. */
class Contestants {
  readonly #files: { ours: string; yWebrtcChild: string; yWebrtc: string }

  private constructor(files: { ours: string; yWebrtcChild: string; yWebrtc: string }) {
    this.#files = files
  }

  static async make(): Promise<Contestants> {
    const source = fileURLToPath(new URL('../src/y-webrtc.js', import.meta.resolve('y-webrtc')))
    return new Contestants({
      ours: await bundle('bench/mesh-webrtc-child.ts'),
      yWebrtcChild: await bundle('bench/y-webrtc-child.ts'),
      yWebrtc: await bundle(source, { alias: { 'lib0/broadcastchannel': './bench/no-broadcast.ts' } }),
    })
  }

  ours(size: number, writes: number): Promise<TrialResult | undefined> {
    return resultOf(this.#files.ours, size, writes, FORM_MILLIS_MAX)
  }

  yWebrtc(size: number, writes: number): Promise<TrialResult | undefined> {
    return resultOf(this.#files.yWebrtcChild, this.#files.yWebrtc, size, writes, FORM_MILLIS_MAX)
  }

  async remove(): Promise<void> {
    for (const file of Object.values(this.#files)) await rm(file, { force: true })
  }
}

/** What a child found out; undefined when it ended before it could tell. */
function resultOf(file: string, ...args: readonly (string | number)[]): Promise<TrialResult | undefined> {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const
  const child = fork(file, args.map(String), { execArgv: [], stdio: [...stdio], detached: true })
  const kill = () => killGroup(child.pid)
  const timer = setTimeout(kill, TRIAL_MILLIS_MAX)
  process.once('exit', kill)
  return new Promise((resolve) => {
    let result: TrialResult | undefined
    child.on('message', (message) => {
      result = (message as TrialResult | null) ?? undefined
    })
    child.on('exit', () => {
      clearTimeout(timer)
      process.removeListener('exit', kill)
      kill()
      resolve(result)
    })
  })
}

/** Ends a child, and the signaling server of y-webrtc, which outlives a child that crashed. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
