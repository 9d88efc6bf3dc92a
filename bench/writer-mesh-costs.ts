/**
 * What a hostile holder of the writers' secret can still do to the mesh (docs/SECURITY.md), in what it has to send and in
 * what each honest member pays.
 */

import { Cluster, engineCluster, engineFactory } from '../sim/cluster.js'
import { Observer, type SimMember } from '../sim/member.js'
import type { RealReplica } from '../sim/real-replica.js'
import type { Seat } from '../sim/seat.js'
import type { MemberRecord } from '../src/base/member.js'
import { MEMBERS_MAX, PRESENCE_BYTES_MAX } from '../src/base/member-limits.js'
import { seededRandom } from '../src/base/random.js'
import { Replica } from '../src/data/replica/replica.js'
import { stampOf } from '../src/data/replica/stamp.js'
import { Engine } from '../src/mesh/protocol/engine.js'
import { leaseTag } from '../src/mesh/protocol/liveness/roster.js'
import { PRESENCES_BYTES_MAX } from '../src/mesh/protocol/protocol-limits.js'
import type { Input, Output } from '../src/mesh/protocol/step.js'
import { encodeFrame } from '../src/mesh/wire/codec.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import { PROOF_BYTES } from '../src/mesh/wire/frame-layouts.js'
import type { BenchRow } from './bench.js'
import { type Held, retainedBytes } from './heap.js'
import { mean, reported } from './lab.js'
import { any, float, item, pack, run, update } from './packing.js'

const NOW = Date.UTC(2026, 0, 1)
const PROOF = new Uint8Array(PROOF_BYTES).fill(7)
const LIAR = 2 ** 52

/** The rows of the mesh. */
export function* meshCosts(quick: boolean): Iterable<BenchRow> {
  yield* tableOfMembers()
  yield links()
  yield presence()
  yield acknowledgement()
  yield equivocation(quick ? 3 : 20)
  yield keepingBack(quick ? 2 : 10)
}

function row(what: string, value: number, unit: string, note: string): BenchRow {
  return reported({ row: 27, name: 'hostile', what: `writer: ${what}`, value, unit, note })
}

/** An id as long as a real one. */
function idOf(index: number): string {
  return `made-up-member-${index}`.padEnd(22, '-')
}

function recordOf(session: number): MemberRecord {
  const record = { port: null, protocol: 'v1', kind: 'node', role: 'writer', session } as const
  return { ...record, incarnation: NOW, joined: NOW }
}

function memberFrame(index: number): Frame {
  return { type: 'member', id: idOf(index), record: recordOf(LIAR + index), lease: 1, proof: PROOF }
}

/** One honest member. */
class Lab {
  readonly engine: Engine

  constructor(seed = 1) {
    const replica = new Replica({ random: seededRandom(seed), wall: () => NOW })
    const record = recordOf(replica.session)
    const random = seededRandom(seed + 1)
    this.engine = new Engine({ id: 'me', topic: 't', record, replica: replica.exchange, random, now: 0 })
  }

  give(input: Input): Output[] {
    return this.engine.handle(input, 0)
  }

  link(peer: string, links: number): void {
    this.give({ type: 'link-up', peer })
    const hello = { type: 'hello', topic: 't', id: peer, record: recordOf(1), lease: 1 } as const
    this.give({ type: 'frame', peer, frame: { ...hello, links, intent: 'join' } })
  }
}

function* tableOfMembers(): Iterable<BenchRow> {
  const held: Held<Lab> = { it: new Lab() }
  held.it?.link('evil', 3)
  let sent = 0
  for (let index = 0; index < MEMBERS_MAX; index++) {
    const frame = memberFrame(index)
    sent += encodeFrame(frame).length
    held.it?.give({ type: 'frame', peer: 'evil', frame })
  }
  const size = held.it?.engine.table.size ?? 0
  const memory = retainedBytes(held) / size
  const note = `the table is full at ${size}; ${(sent / MEMBERS_MAX).toFixed(0)} B sent for each, once`
  yield row('memory of a made-up member', memory, 'B a member', note)
  const periodSeconds = (MEMBERS_MAX * 60) / 1000
  const leases = Array.from({ length: 1000 }, (_, i) => ({ tag: leaseTag(idOf(i), NOW), lease: 300 }))
  const beat = { type: 'heartbeat', digest: new Uint8Array(16), time: 1, echo: 0, announced: [] } as const
  const bytes = encodeFrame({ ...beat, visibility: 'visible', hasSlot: true, leases }).length / leases.length
  const rate = (MEMBERS_MAX * bytes) / periodSeconds
  yield row(
    'keeping the table full',
    rate,
    'B/s a link',
    `${bytes.toFixed(1)} B a lease in ${periodSeconds} s`,
  )
}

/** Made-up strangers say HELLO to a member with eight honest neighbors until none of these is left. */
function links(): BenchRow {
  const needed = Array.from({ length: 30 }, (_, seed) => {
    const lab = new Lab(seed)
    for (let index = 0; index < 8; index++) lab.link(`honest-${index}`, 8)
    const isHonest = ({ id }: { id: string }) => id.startsWith('honest')
    let hellos = 0
    while (lab.engine.view.sources().some(isHonest)) lab.link(idOf(hellos++), 0)
    return hellos
  })
  const note = `of an identity each, at once; ${needed.length} runs, most ${Math.max(...needed)}`
  return row('links that take the places of 8 honest ones', mean(needed), 'links', note)
}

function presence(): BenchRow {
  const lab = new Lab()
  lab.link('evil', 3)
  let sent = 0
  const count = PRESENCES_BYTES_MAX / PRESENCE_BYTES_MAX
  for (let index = 0; index < count; index++) {
    const state = new Uint8Array(PRESENCE_BYTES_MAX)
    const shown = {
      type: 'presence',
      id: idOf(index),
      version: NOW,
      frozen: false,
      state,
      proof: PROOF,
    } as const
    for (const frame of [memberFrame(index), shown]) {
      sent += encodeFrame(frame).length
      lab.give({ type: 'frame', peer: 'evil', frame })
    }
  }
  lab.link('honest', 3)
  const own = {
    type: 'presence',
    id: 'honest',
    version: NOW,
    frozen: false,
    state: new Uint8Array(1),
  } as const
  lab.give({ type: 'frame', peer: 'honest', frame: own })
  if (lab.engine.presence.get('honest')?.state.length !== 0) throw new Error('there was room')
  const note = `${count} made-up members; who shows something for the first time then shows nothing`
  return row('presence that leaves no room', sent, 'B sent', note)
}

function acknowledgement(): BenchRow {
  const ack = { type: 'ack', from: idOf(1), to: idOf(2), hops: 10 } as const
  const marks = [{ session: LIAR, n: 1000 }]
  const bytes = encodeFrame({ ...ack, marks, proof: PROOF }).length
  return row('an acknowledgement of a made-up member', bytes, 'B sent', 'beside its record')
}

/** Two of twelve members are told two contents of one dot. */
function equivocation(runs: number): BenchRow {
  const seconds = Array.from({ length: runs }, (_, seed) => {
    const cluster = engineCluster({ seed, replica: 'real' })
    cluster.grow(12, 200)
    cluster.run(10_000)
    for (const [index, value] of ['one', 'other'].entries()) {
      const items = [item({ key: 'k', meta: float(stampOf(NOW)), value: any(value) })]
      const told = cluster.members[index]?.replica as RealReplica
      told.whole.exchange.receive(pack(stampOf(NOW), update([run(LIAR, 0, items)])))
    }
    const values = () =>
      new Set(cluster.members.map(({ replica }) => (replica as RealReplica).whole.get('k')))
    return (cluster.runUntil(() => values().size === 1, 120_000) ?? Number.NaN) / 1000
  })
  const note = `12 members, ${runs} runs in virtual time, longest ${Math.max(...seconds).toFixed(1)} s`
  return row('two contents under one dot, until all agree', mean(seconds), 's', note)
}

/** Passes no envelope on, announces none, and answers no sync. */
class Keeper extends Engine {
  override handle(input: Input, now: number): Output[] {
    return super.handle(input, now).flatMap((output): Output[] => {
      if (output.type !== 'send') return [output]
      const { frame } = output
      if (frame.type === 'heartbeat') return [{ ...output, frame: { ...frame, announced: [] } }]
      return frame.type === 'sync-part' || (frame.type === 'gossip' && frame.round > 0) ? [] : [output]
    })
  }
}

/** How long each write takes to each member. */
class Delays extends Observer {
  readonly millis: number[] = []
  readonly #cluster: Cluster<Engine>
  readonly #written = new Map<string, number>()

  constructor(cluster: Cluster<Engine>) {
    super()
    this.#cluster = cluster
  }

  override wrote(member: SimMember, n: number): void {
    this.#written.set(`${member.id}:${n}`, this.#cluster.now)
  }

  override merged(_member: SimMember, author: SimMember, from: number, to: number): void {
    for (let n = from; n <= to; n++) {
      const at = this.#written.get(`${author.id}:${n}`)
      if (at !== undefined) this.millis.push(this.#cluster.now - at)
    }
  }
}

/** The slowest delivery of 100 writes among 20 members, of which some keep everything back. */
function slowest(seed: number, keepers: number): number {
  const honest = engineFactory()
  const makeEngine = (seat: Seat) =>
    seat.index < keepers ? new Keeper({ ...seat, topic: 'sim' }) : honest(seat)
  const cluster = new Cluster<Engine>({ seed, makeEngine })
  const delays = new Delays(cluster)
  cluster.observers.push(delays)
  cluster.grow(20, 200)
  cluster.run(20_000)
  const writers = cluster.members.slice(keepers)
  for (let n = 0; n < 100; n++) {
    writers[n % writers.length]?.write()
    cluster.run(200)
  }
  cluster.run(60_000)
  return Math.max(...delays.millis)
}

function keepingBack(runs: number): BenchRow {
  const seeds = Array.from({ length: runs }, (_, seed) => seed + 1)
  const none = Math.max(...seeds.map((seed) => slowest(seed, 0)))
  const five = Math.max(...seeds.map((seed) => slowest(seed, 5)))
  const note = `none of 20 keeps back: ${none.toFixed(0)} ms; 100 writes, ${runs} runs in virtual time`
  return row('slowest delivery when 5 of 20 keep all back', five, 'ms', note)
}
