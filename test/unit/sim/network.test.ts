import { expect } from 'chai'
import { Cluster } from '../../../sim/cluster.js'
import type { ConditionsOptions } from '../../../sim/conditions.js'
import type { SimMember } from '../../../sim/member.js'
import type { SimEngine } from '../../../sim/seat.js'
import type { Input, Output } from '../../../src/mesh/protocol/step.js'
import type { Frame } from '../../../src/mesh/wire/frame.js'

/** An engine that writes down what it is given, and does what it is told. */
class Recorder implements SimEngine {
  readonly inputs: { at: number; input: Input }[] = []
  readonly orders: Output[] = []

  handle(input: Input, now: number): Output[] {
    this.inputs.push({ at: now, input })
    // Every signal goes by the server.
    if (input.type === 'signal') this.orders.push({ ...input, type: 'signal-server' })
    return this.orders.splice(0)
  }

  deadline(): number {
    return Number.POSITIVE_INFINITY
  }

  times(type: Input['type']): number[] {
    return this.inputs.filter(({ input }) => input.type === type).map(({ at }) => at)
  }

  /** The numbers of the frames that came. */
  get numbers(): number[] {
    return this.inputs.flatMap(({ input }) =>
      input.type === 'frame' && input.frame.type === 'sync-pull' ? [input.frame.next] : [],
    )
  }
}

type Member = SimMember<Recorder>

function clusterOf(count: number, options: ConditionsOptions = {}, browsers = 0): Cluster<Recorder> {
  const cluster = new Cluster({ seed: 1, makeEngine: () => new Recorder(), ...options })
  for (let index = 0; index < count; index++) cluster.add({ kind: index < browsers ? 'browser' : 'node' })
  return cluster
}

/** Two members with a link. */
function pair(options: ConditionsOptions = {}): { cluster: Cluster<Recorder>; a: Member; b: Member } {
  const cluster = clusterOf(2, options)
  const [a, b] = cluster.members
  if (!a || !b) throw new Error('two members')
  cluster.network.link(a, b)
  cluster.run(1_000)
  return { cluster, a, b }
}

function tell(member: Member, ...orders: Output[]): void {
  member.engine.orders.push(...orders)
  member.give({ type: 'tick' })
}

const numbered = (next: number): Frame => ({ type: 'sync-pull', exchange: 1, next })

function send(from: Member, to: Member, ...frames: Frame[]): void {
  tell(from, ...frames.map((frame): Output => ({ type: 'send', peer: to.id, frame, priority: 1 })))
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Sends `count` numbered frames, 20 ms apart. */
function stream(cluster: Cluster<Recorder>, from: Member, to: Member, count: number): void {
  for (const next of upTo(count)) {
    send(from, to, numbered(next))
    cluster.run(20)
  }
}

describe('the simulated network', () => {
  it('delivers frames in order, after a delay within bounds', () => {
    const { cluster, a, b } = pair({ latencyMillis: [10, 50], jitterShare: 0.1 })
    const sentAt = b.now
    send(a, b, ...upTo(50).map(numbered))
    cluster.run(100)
    expect(b.engine.numbers).to.deep.equal(upTo(50))
    const delays = b.engine.times('frame').map((at) => at - sentAt)
    expect(Math.min(...delays)).to.be.within(10, 50)
    expect(Math.max(...delays)).to.be.within(10, 55)
  })

  it('loses nothing where loss is a stall, and holds up what is behind it by a retransmission timeout', () => {
    const { cluster, a, b } = pair({ loss: 0.2 })
    stream(cluster, a, b, 200)
    cluster.run(20_000)
    expect(b.engine.numbers).to.deep.equal(upTo(200))
    const times = b.engine.times('frame')
    const gaps = times.map((at, index) => at - (times[index - 1] ?? at))
    expect(Math.max(...gaps)).to.be.within(380, 10_000)
  })

  it('loses frames for good where they vanish', () => {
    const { cluster, a, b } = pair({ loss: 0.2, lossModel: 'vanish' })
    stream(cluster, a, b, 500)
    cluster.run(20_000)
    expect(b.engine.numbers.length).to.be.within(350, 450)
    expect(b.engine.numbers).to.deep.equal([...b.engine.numbers].sort((x, y) => x - y))
  })

  it('duplicates and reorders only where it is asked to', () => {
    const { cluster, a, b } = pair({ duplicated: 0.2, reordered: 0.2 })
    stream(cluster, a, b, 200)
    cluster.run(1_000)
    const { numbers } = b.engine
    expect(new Set(numbers).size).to.equal(200)
    expect(numbers.length).to.be.within(220, 260)
    expect(numbers).not.to.deep.equal([...numbers].sort((x, y) => x - y))
  })

  it('keeps through a short partition what was sent, for when it ends', () => {
    const { cluster, a, b } = pair()
    cluster.partition([a], [b])
    stream(cluster, a, b, 100)
    cluster.run(5_000)
    expect(b.engine.numbers).to.deep.equal([])
    cluster.heal()
    cluster.run(5_000)
    expect(b.engine.numbers).to.deep.equal(upTo(100))
    expect(b.engine.times('link-down')).to.deep.equal([])
  })

  it('closes the link on both sides when a partition lasts, in one direction or both', () => {
    for (const oneWay of [false, true]) {
      const { cluster, a, b } = pair({ nativeCloseMillis: 17_600 })
      cluster.network.partition((from) => oneWay && from === b)
      const startedAt = { a: a.now, b: b.now }
      cluster.run(1_000)
      send(a, b, numbered(1))
      send(b, a, numbered(2))
      cluster.run(30_000)
      expect(b.engine.numbers).to.deep.equal([])
      expect(a.engine.numbers).to.deep.equal(oneWay ? [2] : [])
      expect(a.engine.times('link-down')).to.deep.equal([startedAt.a + 17_600])
      expect(b.engine.times('link-down')).to.deep.equal([startedAt.b + 17_600])
      expect([a.links.size, b.links.size]).to.deep.equal([0, 0])
    }
  })

  it('leaves the links of a crashed member open and silent until the other side finds out', () => {
    const { cluster, a, b } = pair({ nativeCloseMillis: 17_600 })
    send(a, b, numbered(1))
    cluster.crash(a)
    const startedAt = b.now
    cluster.run(17_000)
    expect(b.engine.numbers).to.deep.equal([1])
    expect(b.engine.times('link-down')).to.deep.equal([])
    cluster.run(1_000)
    expect(b.engine.times('link-down')).to.deep.equal([startedAt + 17_600])
  })

  it('closes a link behind everything that was sent on it', () => {
    const { cluster, a, b } = pair()
    send(a, b, ...upTo(20).map(numbered))
    tell(a, { type: 'disconnect', peer: b.id })
    expect(a.engine.times('link-down')).to.have.length(1)
    cluster.run(1_000)
    expect(b.engine.numbers).to.deep.equal(upTo(20))
    expect(b.engine.inputs.at(-1)?.input).to.deep.equal({ type: 'link-down', peer: a.id })
  })

  it('gives up what is stuck when a link closes, and the other side finds out late', () => {
    const { cluster, a, b } = pair({ nativeCloseMillis: 17_600 })
    cluster.partition([a], [b])
    send(a, b, numbered(1))
    tell(a, { type: 'disconnect', peer: b.id })
    cluster.run(1_000)
    cluster.heal()
    cluster.run(15_000)
    expect(b.engine.times('link-down')).to.deep.equal([])
    cluster.run(5_000)
    expect(b.engine.numbers).to.deep.equal([])
    expect(b.engine.times('link-down')).to.have.length(1)
  })

  it('gives a member that was stopped its timer first and then everything that came', () => {
    const { cluster, a, b } = pair()
    const ticks = b.engine.times('tick').length
    b.pause(3_000)
    stream(cluster, a, b, 10)
    expect(b.engine.numbers).to.deep.equal([])
    cluster.run(5_000)
    expect(b.engine.numbers).to.deep.equal(upTo(10))
    expect(b.engine.inputs.at(-11)?.input).to.deep.equal({ type: 'tick' })
    expect(b.engine.times('tick')).to.have.length(ticks + 1)
  })

  it('ends the links of a member that is stopped for too long, which hears of it when it wakes', () => {
    const { cluster, a, b } = pair({ nativeCloseMillis: 17_600 })
    b.pause(30_000)
    cluster.run(20_000)
    expect(a.engine.times('link-down')).to.have.length(1)
    expect(b.engine.times('link-down')).to.deep.equal([])
    cluster.run(11_000)
    expect(b.engine.times('link-down')).to.have.length(1)
  })

  it('says slow when too much waits for a slow line, lets urgent frames overtake, and says drained', () => {
    const { cluster, a, b } = pair()
    const end = a.links.get(b.id)
    if (end === undefined) throw new Error('a link')
    end.bandwidth = 0.1
    send(a, b, ...upTo(150).map(numbered))
    expect(a.engine.inputs.filter(({ input }) => input.type === 'slow')).to.have.length(1)
    tell(a, { type: 'send', peer: b.id, frame: numbered(999), priority: 0 })
    cluster.run(30_000)
    expect(b.engine.numbers).to.have.length(151)
    expect(b.engine.numbers.indexOf(999)).to.be.lessThan(3)
    expect(a.engine.inputs.filter(({ input }) => input.type === 'drained')).to.have.length(1)
    expect([end.queuedFrames, end.queuedBytes]).to.deep.equal([0, 0])
  })

  it('opens links by dials that cost time and are answered on both sides', () => {
    const cluster = clusterOf(2, { dialMillis: [100, 300] })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('two members')
    const startedAt = a.now
    tell(a, { type: 'dial', peer: b.id }, { type: 'dial', peer: b.id })
    cluster.run(1_000)
    expect(a.engine.times('link-up')).to.have.length(1)
    expect((a.engine.times('link-up')[0] ?? 0) - startedAt).to.be.within(100, 700)
    expect(b.engine.times('link-up')).to.have.length(1)
    expect(cluster.network.dials).to.equal(1)
  })

  it('fails dials after a timeout: of the dead, across a partition, without signaling, and by chance', () => {
    const failures: ((cluster: Cluster<Recorder>, a: Member, b: Member) => void)[] = [
      (cluster, _a, b) => cluster.crash(b),
      (cluster, a, b) => cluster.partition([a], [b]),
      (cluster) => cluster.network.signaling.turn(false),
      (cluster) => Object.assign(cluster.network.conditions.now, { dialFailure: 1 }),
    ]
    for (const fail of failures) {
      const cluster = clusterOf(2, { dialTimeoutMillis: 15_000 })
      const [a, b] = cluster.members
      if (!a || !b) throw new Error('two members')
      fail(cluster, a, b)
      const startedAt = a.now
      tell(a, { type: 'dial', peer: b.id })
      cluster.run(20_000)
      expect(a.engine.times('dial-failed')).to.deep.equal([startedAt + 15_000])
      expect(a.links.size).to.equal(0)
    }
  })

  it('offers at most 8 random members, Node members first, never oneself, and none in an outage', () => {
    const cluster = clusterOf(12, {}, 7)
    cluster.run(1_000)
    const member = cluster.pick()
    const offered = member.engine.inputs.flatMap(({ input }) =>
      input.type === 'contacts' ? [input.contacts] : [],
    )
    expect(offered).to.have.length(1)
    tell(member, { type: 'introduce', count: 20 })
    cluster.run(1_000)
    const [contacts = []] = member.engine.inputs
      .flatMap(({ input }) => (input.type === 'contacts' ? [input.contacts] : []))
      .slice(1)
    expect(contacts).to.have.length(8)
    expect(new Set(contacts.map(({ id }) => id)).size).to.equal(8)
    expect(contacts.map(({ id }) => id)).not.to.include(member.id)
    const nodes = cluster.members.filter(({ kind, id }) => kind === 'node' && id !== member.id).length
    expect(contacts.map(({ kind }) => kind)).to.deep.equal([
      ...Array(nodes).fill('node'),
      ...Array(8 - nodes).fill('browser'),
    ])
    cluster.network.signaling.turn(false)
    tell(member, { type: 'introduce', count: 3 })
    cluster.run(1_000)
    expect(member.engine.times('contacts')).to.have.length(2)
  })
})
