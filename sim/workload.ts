/** What the members of a simulation do: who writes when, who comes and goes. */
import type { Cluster } from './cluster.js'
import type { SimMember } from './member.js'
import type { SimEngine } from './seat.js'

/** Stays of less than this make no difference to a mean of 10 minutes. */
const STAY_MILLIS_MIN = 1_000

/** One member writes every `everyMillis`, `writes` times. Lets the time pass. */
export function steadyWriter<E extends SimEngine>(
  cluster: Cluster<E>,
  writer: SimMember<E>,
  writes: number,
  everyMillis: number,
): void {
  for (let written = 0; written < writes; written++) {
    writer.write()
    cluster.run(everyMillis)
  }
}

/** `writes` members that never wrote before write once each, one after the other. Lets the time pass. */
export function quietWriters<E extends SimEngine>(
  cluster: Cluster<E>,
  writes: number,
  everyMillis: number,
): void {
  const order = [...cluster.members]
  for (let written = 0; written < writes; written++) {
    const place = written + Math.floor(cluster.random() * (order.length - written))
    const writer = order[place]
    const other = order[written]
    if (writer === undefined || other === undefined) return
    order[place] = other
    order[written] = writer
    writer.write()
    cluster.run(everyMillis)
  }
}

/** From now on everyone that is up or comes later writes once in `everyMillis`, at a random time in it, until `until`. */
export function everyoneWrites<E extends SimEngine>(
  cluster: Cluster<E>,
  everyMillis: number,
  until: number,
): void {
  for (const member of cluster.members) writeNowAndThen(cluster, member, everyMillis, until)
}

/** One member writes once in each `everyMillis`. */
export function writeNowAndThen<E extends SimEngine>(
  cluster: Cluster<E>,
  member: SimMember<E>,
  everyMillis: number,
  until: number,
): void {
  const at = everyMillis * cluster.random()
  const writeAndWait = () => {
    if (!member.up || cluster.now > until) return
    member.write()
    cluster.timeline.after(everyMillis, writeAndWait)
  }
  cluster.timeline.after(at, writeAndWait)
}

/** How members come and go. */
export interface Churn<E extends SimEngine> {
  /** Mean stay; single stays are evenly spread between none and twice of it. */
  stayMillis: number
  until: number
  /** The share that goes by a crash. */
  crashShare: number
  /** Called for everyone that comes. */
  came?: (member: SimMember<E>) => void
}

/** From now on every member goes after a random stay, and another one comes in its place. */
export function churn<E extends SimEngine>(cluster: Cluster<E>, options: Churn<E>): void {
  for (const member of cluster.members) goesSometime(cluster, member, options, cluster.random())
}

function goesSometime<E extends SimEngine>(
  cluster: Cluster<E>,
  member: SimMember<E>,
  options: Churn<E>,
  share: number,
): void {
  // A member that is here already has spent a part of its stay.
  const stay = Math.max(STAY_MILLIS_MIN, 2 * options.stayMillis * share)
  cluster.timeline.after(stay, () => {
    if (cluster.now > options.until) return
    if (cluster.random() < options.crashShare) cluster.crash(member)
    else cluster.leave(member)
    const next = cluster.add()
    options.came?.(next)
    goesSometime(cluster, next, options, cluster.random())
  })
}
