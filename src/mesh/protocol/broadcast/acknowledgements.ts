/**
 * Which members hold what this one has written. It asks with marks, how many writes of each of its sessions there are;
 * a member that knows as many says so, since what a context counts has been merged (store.md). Neighbors are asked directly
 * when they are enough, all members along the shared tree otherwise; answers go back by the ways of `Routes`. A
 * member that does not know so much yet answers as soon as it does; whatever is lost is asked for again. Readers are
 * not asked, and count for nothing: nobody could fetch from them what they say that they hold.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import type { AckFrame, AckRequest } from '../../wire/frame.js'
import { ACK_MARKS_MAX } from '../../wire/wire-limits.js'
import { type EngineContext, type Part, sendTo } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import { HOPS_MAX, type Routes } from '../overlay/routes.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import type { Plumtree } from './plumtree.js'

/** Acknowledgements that did not come are asked for again after this, doubled each time. Less: floods in vain. */
const ACK_RETRY_MILLIS = 500
/** The longest such pause. More: a member that was away is heard of later. */
const ACK_RETRY_MAX_MILLIS = 4_000
/** Neighbors are asked for acknowledgements at most this often. More: an application that writes and waits in turn waits longer. */
const ACK_GAP_MILLIS = 10
/** All members are asked at most this often. Less: more answers, one of each member every time. */
const ACK_FLOOD_GAP_MILLIS = 50

/** Askers whose request waits here until enough is known; further ones ask again anyway. */
const ASKERS_MAX = 256

/** How many writes of each own session there are; more than one after a fork. */
type Marks = ReadonlyMap<number, number>

/** A call that waits for members. */
interface Waiting {
  /** What has to be held. */
  marks: Marks
  /** Members that have to hold it; beyond all of them: every one, and at least one. */
  acks: number
  /** Those that do, and when they joined: a member that starts anew joins later, and holds nothing. */
  acked: Map<string, number>
}

interface AcknowledgementParts {
  broadcast: Plumtree
  routes: Routes
  sync: AntiEntropy
  table: MemberTable
}

export class Acknowledgements implements Part {
  readonly #context: EngineContext
  readonly #parts: AcknowledgementParts
  readonly #waiting = new Map<number, Waiting>()
  readonly #askers = new BoundedMap<string, AckRequest>(ASKERS_MAX)
  /** What is asked about. */
  #marks: Marks = new Map()
  #askAt = Number.POSITIVE_INFINITY
  /** The next request leaves no sooner. */
  #askNotBefore = Number.NEGATIVE_INFINITY
  #pause = 0
  /** These marks have been asked about. */
  #isRepeated = false

  constructor(context: EngineContext, parts: AcknowledgementParts) {
    this.#context = context
    this.#parts = parts
  }

  /** `call` waits until `acks` other members hold all that was written here so far. */
  wait(call: number, acks: number, now: number): void {
    this.#mark()
    const { view } = this.#context
    const waiting: Waiting = { marks: this.#marks, acks, acked: new Map() }
    for (const neighbor of view.sources())
      if (this.#parts.sync.inSync(neighbor)) this.#count(waiting, neighbor.id)
    this.#waiting.set(call, waiting)
    if (this.#settle(call, waiting)) return
    this.#pause = ACK_RETRY_MILLIS
    // Calls in quick succession are asked for together.
    this.#askAt = Math.min(this.#askAt, Math.max(now, this.#askNotBefore))
    this.tick(now)
  }

  /** `call` waits no longer: it is told how far it came. */
  end(call: number): void {
    const waiting = this.#waiting.get(call)
    if (waiting) this.#tell(call, waiting)
  }

  /** `asker` wants to know whether this member holds so much. */
  asked(asker: string, request: AckRequest, now: number): void {
    if (this.#parts.table.selfRecord.role === 'reader') return
    if (!this.#answer(asker, request, now)) this.#askers.set(asker, request)
  }

  /** The replica knows more than before. */
  changed(now: number): void {
    for (const [asker, request] of this.#askers)
      if (this.#answer(asker, request, now)) this.#askers.delete(asker)
  }

  /** An answer, for this member or for another one. */
  receive(frame: AckFrame, neighbor: string, now: number): void {
    if (frame.to !== this.#context.id) {
      if (frame.hops > 0) this.#send({ ...frame, hops: frame.hops - 1 }, neighbor, now)
      return
    }
    // An answer counts for what it says, whichever question it answers; the last question covers all calls.
    const holds = (marks: Marks) =>
      [...marks].every(([own, n]) => frame.marks.some((held) => held.session === own && held.n >= n))
    for (const [call, waiting] of this.#waiting) {
      if (!holds(waiting.marks) && !holds(this.#marks)) continue
      this.#count(waiting, frame.from)
      this.#settle(call, waiting)
    }
  }

  tick(now: number): void {
    if (now < this.#askAt) return
    // Those that are missing may have left.
    for (const [call, waiting] of this.#waiting) this.#settle(call, waiting)
    this.#askAt = Number.POSITIVE_INFINITY
    if (this.#waiting.size === 0) return
    this.#ask(now)
    this.#askAt = now + this.#pause
    this.#pause = Math.min(2 * this.#pause, ACK_RETRY_MAX_MILLIS)
  }

  deadline(): number {
    return this.#askAt
  }

  /** Something may have been written since the last call. */
  #mark(): void {
    const { replica } = this.#context
    const marks = new Map([...this.#marks.keys(), replica.session].map((own) => [own, replica.known(own)]))
    const isNew = marks.size > this.#marks.size || [...marks].some(([own, n]) => n !== this.#marks.get(own))
    for (const own of marks.keys()) if (marks.size > ACK_MARKS_MAX) marks.delete(own)
    if (!isNew) return
    this.#marks = marks
    this.#isRepeated = false
  }

  #ask(now: number): void {
    const marks = Array.from(this.#marks, ([session, n]) => ({ session, n }))
    const request: AckRequest = { marks }
    const most = Math.max(...[...this.#waiting.values()].map(({ acks }) => acks))
    const neighbors = this.#context.view.sources()
    const floods = this.#isRepeated || most > neighbors.length
    this.#askNotBefore = now + (floods ? ACK_FLOOD_GAP_MILLIS : ACK_GAP_MILLIS)
    if (floods) this.#parts.broadcast.originate({ type: 'ack-request', ...request }, now)
    else
      for (const neighbor of neighbors)
        sendTo(this.#context, neighbor, { type: 'ack-request', ...request }, now)
    this.#isRepeated = true
  }

  #answer(asker: string, { marks }: AckRequest, now: number): boolean {
    const { id, replica } = this.#context
    if (!marks.every(({ session, n }) => replica.known(session) >= n)) return false
    this.#send({ type: 'ack', from: id, to: asker, hops: HOPS_MAX, marks }, undefined, now)
    return true
  }

  #send(frame: AckFrame, from: string | undefined, now: number): void {
    const next = this.#parts.routes.next(frame.to, from)
    if (next) sendTo(this.#context, next, frame, now)
  }

  /** Tells the call when enough members hold it. */
  #settle(call: number, waiting: Waiting): boolean {
    const others = this.#parts.table.otherWriters
    const wanted = Math.max(
      Math.min(waiting.acks, 1),
      waiting.acks === Number.POSITIVE_INFINITY ? others : waiting.acks,
    )
    if (waiting.acked.size < wanted || this.#sides(waiting).acked.length < wanted) return false
    this.#tell(call, waiting)
    return true
  }

  #tell(call: number, waiting: Waiting): void {
    this.#waiting.delete(call)
    this.#context.outbox.push({ type: 'acknowledged', call, ...this.#sides(waiting) })
  }

  #count({ acked }: Waiting, id: string): void {
    const member = this.#parts.table.get(id)
    if (member) acked.set(id, member.record.joined)
  }

  /** The other writers that are here now, by whether they hold it. */
  #sides({ acked: joined }: Waiting): { acked: string[]; missing: string[] } {
    const acked: string[] = []
    const missing: string[] = []
    for (const { id, record } of this.#parts.table.entries()) {
      if (id !== this.#context.id && record.role === 'writer')
        (joined.get(id) === record.joined ? acked : missing).push(id)
    }
    return { acked: acked.sort(), missing: missing.sort() }
  }
}
