/**
 * Watches broadcasts in a cluster of stub replicas: when each write reached each member, by which way, over how
 * many links, and how many copies of it came.
 */
import type { Input } from '../src/mesh/protocol/step.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import { Histogram } from './histogram.js'
import { Observer, type SimMember } from './member.js'
import { StubReplica } from './stub-replica.js'

/** One write, and how many members should get it. */
interface Write {
  at: number
  audience: number
}

/** A write that a member lacks although it was up all the time since. */
export interface Miss {
  member: SimMember
  author: SimMember
  n: number
}

export class Delivery extends Observer {
  /** From the write to its merge in milliseconds, over all pairs of a write and a member that was up. */
  readonly delay = new Histogram()
  /** Links that the first copy crossed. */
  readonly hops = new Histogram()
  /** Frames with an update that arrived, first copies and others. */
  payloads = 0
  /** Merges by way. */
  readonly ways = { broadcast: 0, sync: 0 }
  /** Pairs of a write and a member that was up when it was made, its author left out. */
  expected = 0
  /** Which frames carry the content of a write, and how many links they have crossed. */
  readonly #roundOf: (frame: Frame) => number | undefined
  readonly #members: readonly SimMember[]
  readonly #now: () => number
  readonly #since: number
  readonly #writes = new Map<SimMember, { first: number; list: Write[] }>()
  #round: number | undefined
  #open = true

  /** Counts what is written from now on by `cluster`'s members. */
  constructor(
    cluster: { readonly members: readonly SimMember[]; readonly now: number },
    roundOf: (frame: Frame) => number | undefined = payloadRound,
  ) {
    super()
    this.#roundOf = roundOf
    this.#members = cluster.members
    this.#now = () => cluster.now
    this.#since = cluster.now
  }

  /** Writes counted. */
  get writes(): number {
    let count = 0
    for (const { list } of this.#writes.values()) count += list.length
    return count
  }

  /** Payload frames per write and member that should get it: 1 is the least. */
  get copies(): number {
    return this.payloads / this.expected
  }

  /** The share of all pairs that was served by broadcast. */
  get byBroadcast(): number {
    return this.ways.broadcast / this.expected
  }

  override input(_member: SimMember, input: Input): void {
    this.#round = undefined
    if (input.type !== 'frame') return
    this.#round = this.#roundOf(input.frame)
    if (this.#round !== undefined) this.payloads += 1
  }

  /** What is written from now on does not count; what was written still does. */
  close(): void {
    this.#open = false
  }

  override wrote(member: SimMember, n: number): void {
    if (!this.#open) return
    const audience = this.#members.length - 1
    this.expected += audience
    const known = this.#writes.get(member)
    if (known) known.list.push({ at: this.#now(), audience })
    else this.#writes.set(member, { first: n, list: [{ at: this.#now(), audience }] })
  }

  override merged(
    member: SimMember,
    author: SimMember,
    from: number,
    to: number,
    way: 'broadcast' | 'sync',
  ): void {
    const written = this.#writes.get(author)
    if (written === undefined) return
    const now = this.#now()
    for (let n = Math.max(from, written.first); n <= to; n++) {
      const write = written.list[n - written.first]
      if (write === undefined || member.joinedAt > write.at) continue
      this.delay.add(now - write.at)
      this.ways[way] += 1
      if (way === 'broadcast' && this.#round !== undefined) this.hops.add(this.#round + 1)
    }
  }

  /** Writes older than `millis` that members lack which were up all the while. */
  misses(millis: number): Miss[] {
    const misses: Miss[] = []
    for (const [author, { first, list }] of this.#writes) {
      const last = list.findLastIndex((write) => write.at <= this.#now() - millis)
      for (const member of this.#members) {
        const has =
          member.replica instanceof StubReplica ? member.replica.has(author.replica.session) : Infinity
        for (let index = Math.max(0, has + 1 - first); index <= last; index++)
          if (member.joinedAt <= (list[index]?.at ?? this.#since))
            misses.push({ member, author, n: first + index })
      }
    }
    return misses
  }
}

/** The links that a frame with the content of a write has crossed before; undefined for every other frame. */
function payloadRound(frame: Frame): number | undefined {
  if (frame.type !== 'gossip') return undefined
  const body: unknown = 'body' in frame ? frame.body : undefined
  const carries = body === undefined || (body as { type?: unknown }).type === 'update'
  return carries ? frame.round : undefined
}
