/**
 * What a settled cluster must be able to do: spread a write along its trees, sit out some loss without burying
 * anybody, stay calm, notice a crash and a goodbye. Most of what is broken in an engine heals by some slower way, and
 * shows only here.
 */
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Cluster } from './cluster.js'
import { Deaths, type FalseDeath } from './deaths.js'
import { Delivery } from './delivery.js'
import { doubts, knownCount, knows, neighbors } from './engine-view.js'
import type { SimReplica } from './seat.js'
import { StubReplica } from './stub-replica.js'

/** Members that doubt their ears wait: the best of health comes back within this. */
const HEALTH_MILLIS_MAX = 90_000
/** Between two writes. */
const WRITE_MILLIS = 250
/** A write in the calm is everywhere after this: trees, no syncs. */
const SPREAD_MILLIS_MAX = 2_000
/** What a tree costs, with a shape now and then. */
const COPIES_MAX = 3
/** The share of deliveries that may need a sync, and how many may in a small cluster: a round can meet a write under way. */
const BY_SYNC_MAX = 0.02
const BY_ROUND_MAX = 1
const CALM_MILLIS = 20_000
/** Dials and syncs of one member in the calm. */
const DIALS_MAX = 1
const SYNCS_MAX = 1
/** Loss that nobody is to be buried for. */
const LOSS = 0.3
const LOSS_MILLIS = 15_000
/** A busy cluster: what comes early has to wait for what was lost. */
const LOSS_WRITE_MILLIS = 50
/** A stall of all ways to one member may last longer than a timer: row 6 of the targets allows this share of members. */
const REMOVED_SHARE = 0.01
/** How seldom an engine that keeps to that share may fail a run by chance. */
const CHANCE = 1e-5
/** Lost frames come late, and grafts bring most of what they delay; the engine needs 9 to 18 %. */
const LOSS_BY_SYNC_MAX = 0.3
/** In a cluster this small few others could bring what one link delays. */
const SMALL_MAX = 8
/** A sleep in which all links are lost, and how long a member that wakes suspects nobody: `HUMBLE_MILLIS`. */
const SLEEP_MILLIS = 25_000
const HUMBLE_MILLIS = 10_000
const WATCH_MILLIS = 100
/** A write that a newcomer brought along, and so comes by sync, is everywhere so long after the first has it. */
const NEWS_MILLIS_MAX = 5_000
const NEWS_WAIT_MILLIS = 20_000
/** A crash is noticed by everyone within this, row 5 of the targets with a margin for small clusters. */
const NOTICED_MILLIS_MAX = 8_000
/** A goodbye is heard by everyone within this. */
const FAREWELL_MILLIS_MAX = 1_500
/** Halves that are apart for so long have buried each other, and forgotten where the others were. */
const SPLIT_MILLIS = 60_000
/** Two periods of introduction, row 12 of the targets. */
const HEALED_MILLIS_MAX = 90_000
/** A member that was away when another one left comes back before anybody has a tombstone of it. */
const AWAY_MILLIS = 3_000
/** A member that is told of one that left knows better within this. */
const GHOST_MILLIS = 20_000
/** A member that died with all its neighbors is noticed by its lease: four periods of 30 s, and a scan. */
const LEASE_MILLIS_MAX = 150_000
/** Between two restarts of a rollout. */
const ROLL_MILLIS = 2_000
/** Fewer members are not taken away from. */
const MEMBERS_MIN = 4

/** What came of the tests. */
export interface Verdict {
  /** What the cluster failed in, in words. */
  problems: string[]
  /** Members that stood 30 % loss, and how many of them somebody removed. */
  stormed: number
  removed: number
}

/** Puts a settled cluster to the test. */
export function epilogue(cluster: Cluster<Engine>): Verdict {
  recover(cluster)
  const before = [...calm(cluster), ...writes(cluster)]
  const stormed = cluster.members.length
  const { problems, removed } = loss(cluster)
  const after = [rollout, sleep, news, crash, goodbye, ghost, split, unwatched].flatMap((part) =>
    part(cluster),
  )
  return { problems: [...before, ...problems, ...after], stormed, removed }
}

/**
 * The least number of members that more are removed of only by a chance of 1 in 100,000, when each of `members` is removed with
 * the probability that the targets allow (Poisson).
 */
export function removedMax(members: number): number {
  const mean = REMOVED_SHARE * members
  let count = 0
  let term = Math.exp(-mean)
  for (let more = 1 - term; more >= CHANCE; more -= term) {
    count += 1
    term *= mean / count
  }
  return count
}

/** Waits until nobody doubts its own ears. */
function recover(cluster: Cluster<Engine>): void {
  const isWell = () => cluster.members.every(({ engine }) => engine.health === 0)
  cluster.runUntil(isWell, HEALTH_MILLIS_MAX, 1_000)
}

function writes(cluster: Cluster<Engine>): string[] {
  const delivery = new Delivery(cluster)
  cluster.observers.push(delivery)
  for (const member of [...cluster.members]) {
    member.write()
    cluster.run(WRITE_MILLIS)
  }
  cluster.run(SPREAD_MILLIS_MAX)
  cluster.observers.splice(cluster.observers.indexOf(delivery), 1)
  const { ways, expected, copies } = delivery
  const delivered = ways.broadcast + ways.sync
  // Real replicas do not tell what they merged: of them only the digests count.
  if (delivered === 0) return cluster.digests().size > 1 ? ['a write in the calm is not everywhere'] : []
  const problems: string[] = []
  if (delivered < expected)
    problems.push(`${expected - delivered} of ${expected} deliveries are late in the calm`)
  if (ways.sync > Math.max(BY_ROUND_MAX, BY_SYNC_MAX * expected))
    problems.push(`${ways.sync} of ${expected} deliveries in the calm by sync`)
  if (copies > COPIES_MAX) problems.push(`${copies.toFixed(1)} copies of a write in the calm`)
  return problems
}

function calm(cluster: Cluster<Engine>): string[] {
  const { members, network } = cluster
  const syncsMade = () => members.reduce((sum, { engine }) => sum + engine.counters.syncs, 0)
  const [dialsBefore, syncsBefore] = [network.dials, syncsMade()]
  cluster.run(CALM_MILLIS)
  const [dials, syncs] = [network.dials - dialsBefore, syncsMade() - syncsBefore]
  const problems: string[] = []
  if (dials > DIALS_MAX * members.length) problems.push(`${dials} dials in the calm`)
  if (syncs > SYNCS_MAX * members.length) problems.push(`${syncs} syncs in the calm`)
  return problems
}

function loss(cluster: Cluster<Engine>): { problems: string[]; removed: number } {
  const problems: string[] = []
  const removals = removalsDuring(cluster, () => {
    problems.push(...lossyWrites(cluster))
  })
  const removed = new Set(removals.map(({ subject }) => subject)).size
  if (removed > removedMax(cluster.members.length))
    problems.push(`${removed} living members removed at ${100 * LOSS} % loss`)
  return { problems, removed }
}

/** One after another writes, and much is lost. */
function lossyWrites(cluster: Cluster<Engine>, when = ''): string[] {
  const { now } = cluster.network.conditions
  const delivery = new Delivery(cluster)
  cluster.observers.push(delivery)
  now.loss = LOSS
  for (let millis = 0; millis < LOSS_MILLIS; millis += LOSS_WRITE_MILLIS) {
    cluster.pick().write()
    cluster.run(LOSS_WRITE_MILLIS)
  }
  now.loss = 0
  recover(cluster)
  cluster.observers.splice(cluster.observers.indexOf(delivery), 1)
  const bySync = delivery.ways.sync / delivery.expected
  if (bySync <= LOSS_BY_SYNC_MAX || cluster.members.length <= SMALL_MAX) return []
  return [`${(100 * bySync).toFixed(0)} % by sync at ${100 * LOSS} % loss${when}`]
}

/** One after another starts anew, as when a version is rolled out: what it writes then spreads as before. */
function rollout(cluster: Cluster<Engine>): string[] {
  for (const member of [...cluster.members]) {
    const { id, kind } = member
    cluster.crash(member)
    cluster.add({ id, kind })
    cluster.run(ROLL_MILLIS)
  }
  cluster.run(NEWS_WAIT_MILLIS)
  recover(cluster)
  return lossyWrites(cluster, ' after all have started anew')
}

/** The others may remove a member that slept. It removes nobody itself, and at first suspects nobody either. */
function sleep(cluster: Cluster<Engine>): string[] {
  if (cluster.members.length < MEMBERS_MIN) return []
  const sleeper = cluster.pick()
  let doubted = 0
  const removals = removalsDuring(cluster, () => {
    sleeper.pause(SLEEP_MILLIS)
    cluster.run(SLEEP_MILLIS)
    for (let millis = 0; millis < HUMBLE_MILLIS; millis += WATCH_MILLIS) {
      doubted = Math.max(doubted, doubts(sleeper.engine))
      cluster.run(WATCH_MILLIS)
    }
    cluster.run(SLEEP_MILLIS - HUMBLE_MILLIS)
    recover(cluster)
  })
  const buried = removals.filter(({ by }) => by === sleeper).length
  return [
    ...(buried > 0 ? [`${buried} removals by a member that had slept`] : []),
    ...(doubted > 0 ? [`${doubted} doubted by a member that had slept`] : []),
  ]
}

function removalsDuring(cluster: Cluster<Engine>, act: () => void): readonly FalseDeath[] {
  const deaths = new Deaths(cluster)
  cluster.observers.push(deaths)
  act()
  cluster.observers.splice(cluster.observers.indexOf(deaths), 1)
  return deaths.falseDeaths
}

/** A newcomer has written before it met anybody. */
function news(cluster: Cluster<Engine>): string[] {
  const others = [...cluster.members]
  const newcomer = cluster.add({ kind: 'node' })
  newcomer.write()
  const lacking = () => others.filter(({ replica }) => lacks(replica, newcomer.replica.session)).length
  const isTold = cluster.runUntil(() => lacking() < others.length, NEWS_WAIT_MILLIS) !== undefined
  const took = cluster.runUntil(() => lacking() === 0, NEWS_MILLIS_MAX)
  cluster.run(NEWS_WAIT_MILLIS)
  if (!isTold) return ['a newcomer told nobody of its write']
  return took === undefined ? [`${lacking()} lack the news of a sync after ${NEWS_MILLIS_MAX} ms`] : []
}

/** Of a real replica nobody knows whose writes it holds. */
function lacks(replica: SimReplica, session: number): boolean {
  return replica instanceof StubReplica && replica.has(session) === 0
}

function crash(cluster: Cluster<Engine>): string[] {
  if (cluster.members.length < MEMBERS_MIN) return []
  const victim = cluster.pick()
  cluster.crash(victim)
  return noticed(cluster, victim.id, NOTICED_MILLIS_MAX, 'crash')
}

function goodbye(cluster: Cluster<Engine>): string[] {
  if (cluster.members.length < MEMBERS_MIN) return []
  const member = cluster.pick()
  cluster.leave(member)
  return noticed(cluster, member.id, FAREWELL_MILLIS_MAX, 'goodbye')
}

/** One that was away when another one left tells of it as a member, and is told. */
function ghost(cluster: Cluster<Engine>): string[] {
  if (cluster.members.length < MEMBERS_MIN) return []
  const [away, leaving] = [cluster.pick(), cluster.pick()]
  if (away === leaving) return []
  cluster.partition(cluster.members.filter((member) => member !== away))
  cluster.leave(leaving)
  cluster.run(AWAY_MILLIS)
  cluster.heal()
  return noticed(cluster, leaving.id, GHOST_MILLIS, 'goodbye while it was away')
}

/** A member of whose links none is left dies unseen. Signaling, which would know, is down. */
function unwatched(cluster: Cluster<Engine>): string[] {
  const victim = cluster.pick()
  const watchers = neighbors(victim.engine).map((id) => cluster.find(id))
  if (2 * watchers.length > cluster.members.length - MEMBERS_MIN) return []
  cluster.network.signaling.turn(false)
  for (const dead of [victim, ...watchers]) if (dead) cluster.crash(dead)
  // A member that lost all its links has nobody to hear leases from.
  const problems = noticed(cluster, victim.id, LEASE_MILLIS_MAX, 'crash that nobody watched', isLinked)
  cluster.network.signaling.turn(true)
  return problems
}

/** Halves that know nothing of each other meet again at signaling only. */
function split(cluster: Cluster<Engine>): string[] {
  const { members } = cluster
  if (members.length < MEMBERS_MIN) return []
  const half = Math.floor(members.length / 2)
  cluster.partition(members.slice(0, half), members.slice(half))
  cluster.run(SPLIT_MILLIS)
  cluster.heal()
  const isWhole = () => members.every(({ engine }) => knownCount(engine) === members.length)
  const took = cluster.runUntil(isWhole, HEALED_MILLIS_MAX, 1_000)
  return took === undefined ? [`a split did not heal within ${HEALED_MILLIS_MAX} ms`] : []
}

function isLinked(engine: Engine): boolean {
  return neighbors(engine).length > 0
}

function noticed(
  cluster: Cluster<Engine>,
  id: string,
  millisMax: number,
  what: string,
  counts: (engine: Engine) => boolean = () => true,
): string[] {
  const unaware = () => cluster.members.filter(({ engine }) => counts(engine) && knows(engine, id)).length
  const took = cluster.runUntil(() => unaware() === 0, millisMax, 100)
  return took === undefined ? [`${unaware()} did not notice a ${what} within ${millisMax} ms`] : []
}
