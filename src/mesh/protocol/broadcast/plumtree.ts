/**
 * Broadcast (Plumtree, Leitao et al. 2007): envelopes are pushed along the links of a tree and announced along the
 * others; an announced or skipped envelope that does not come is asked for, and its link grafted. An envelope
 * is merged before it is pushed on, so a member that forwards it has it; what comes before the writes that
 * it follows is held back.
 */
import { random53, sample } from '../../../base/random.js'
import type { ReceiveResult } from '../../../data/replica-port.js'
import type { Announced, EnvelopeBody, GossipFrame, GraftFrame, PruneFrame } from '../../wire/frame.js'
import { type EngineContext, type Outcome, type Part, sendTo } from '../context.js'
import { isReader, type Neighbor } from '../overlay/peer-view.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import { HoldBack } from './hold-back.js'
import { MessageStore } from './message-store.js'
import { OwnTree } from './own-tree.js'
import { graft, isUrgent, passedOn, suspectsOrigin } from './passing-on.js'
import { Repair } from './repair.js'
import { type Envelope, Sequences, tagOf } from './sequences.js'
import { SHARED_TREE, Trees } from './trees.js'

/** Skipped numbers that are asked for at once; more are left to a sync. */
const SKIPPED_MAX = 64
/** Missing envelopes that one heartbeat may name; an honest one names a few, and a sync brings the rest. */
const ANNOUNCED_MAX = 1024
const ANNOUNCED_FEW = 16

/** Takes what a new envelope carries. */
export type Accept = (frame: GossipFrame, from: string, now: number) => ReceiveResult

export class Plumtree implements Part {
  readonly #context: EngineContext
  readonly #sync: AntiEntropy
  readonly #accept: Accept
  readonly #epoch: number
  readonly #tag: number
  readonly #sequences: Sequences
  readonly #store: MessageStore
  readonly #trees: Trees
  readonly #repair: Repair
  readonly #holdBack: HoldBack
  readonly #ownTree = new OwnTree()
  #seq = 0

  constructor(context: EngineContext, sync: AntiEntropy, accept: Accept) {
    this.#context = context
    this.#sync = sync
    this.#accept = accept
    this.#epoch = random53(context.random)
    this.#tag = tagOf({ origin: context.id, epoch: this.#epoch })
    this.#sequences = new Sequences(context.random)
    this.#store = new MessageStore()
    this.#trees = new Trees()
    this.#repair = new Repair()
    this.#holdBack = new HoldBack()
  }

  /** Updates that wait for what they follow. */
  get held(): number {
    return this.#holdBack.size
  }

  /** Sends something of this member to everyone. */
  originate(body: EnvelopeBody, now: number): void {
    if (body.type !== 'update') return this.#send(body, false, now)
    const { isUsed, isDue } = this.#ownTree.update(now)
    this.#send(body, isUsed, now)
    // Of an empty envelope, as an update may have to wait for another one.
    if (isDue) this.#send({ type: 'beacon' }, true, now)
  }

  /** The last words of this member, along every link, with what it only announced: nobody can ask it any more. */
  farewell(body: EnvelopeBody, now: number): void {
    for (const neighbor of this.#context.view.established()) {
      const run = neighbor.announcements.get(this.#tag)
      if (run) this.grafted({ type: 'graft', tree: SHARED_TREE, wanted: [run] }, neighbor, now)
    }
    this.originate(body, now)
  }

  receive(frame: GossipFrame, neighbor: Neighbor, now: number): Outcome {
    const envelope = this.#sequences.named(frame)
    if (this.#sequences.has(envelope)) {
      this.#duplicate(envelope, neighbor, now)
      return 'unchanged'
    }
    const { type } = this.#take(envelope, neighbor.id, now)
    if (type === 'offence') return 'offence'
    if (type === 'early') this.#hold(envelope, neighbor, now)
    if (type !== 'applied' || frame.body.type !== 'update') return 'unchanged'
    this.replay(now)
    return 'changed'
  }

  /** Tries again what was held back; to be called whenever the replica has advanced. */
  replay(now: number): void {
    if (this.#holdBack.size === 0) return
    this.#holdBack.replay(
      (envelope, from) => this.#sequences.has(envelope) || this.#take(envelope, from, now).type !== 'early',
    )
  }

  /** `neighbor` holds these. */
  announced(runs: readonly Announced[], neighbor: Neighbor, now: number): void {
    if (isReader(neighbor)) return
    let left = ANNOUNCED_MAX
    // Each origin once, as an honest neighbor names it; where there are few, it does not matter.
    const named = runs.length > ANNOUNCED_FEW ? new Set<number>() : undefined
    for (const run of runs) {
      if (named?.has(run.tag)) continue
      named?.add(run.tag)
      const missing = this.#sequences.missing(run, Math.min(SKIPPED_MAX, left))
      left -= missing.length
      for (const seq of missing) this.#repair.note({ tag: run.tag, seq, tree: SHARED_TREE }, neighbor, now)
      if (left === 0) return
    }
  }

  /** `neighbor` lacks something, and wants its tree from here from now on. */
  grafted(frame: GraftFrame, neighbor: Neighbor, now: number): void {
    this.#trees.grafted(frame.tree, neighbor.id, now)
    // More than the link can carry: what it misses comes by the sync once it has drained.
    if (neighbor.dirty) return
    let left = SKIPPED_MAX + 1
    for (const run of frame.wanted) {
      for (let seq = run.from; seq <= run.to && left > 0; seq++) {
        const stored = [...this.#store.named(run.tag, seq)].slice(0, left)
        left -= Math.max(1, stored.length)
        for (const one of stored) sendTo(this.#context, neighbor, graft(one), now)
      }
    }
  }

  pruned(frame: PruneFrame, neighbor: Neighbor, now: number): void {
    this.#trees.pruned(frame.tree, neighbor.id, now)
  }

  linkUp({ id }: Neighbor): void {
    this.#trees.linked(id)
  }

  /** Whether the shared tree does without the link to `peer`: that one gets everything from elsewhere, and so does this member. */
  isSpare(peer: string): boolean {
    return this.#trees.lazy(SHARED_TREE).has(peer) && this.#trees.parent(SHARED_TREE) !== peer
  }

  /** A link is gone: the trees that hung on it are hung on another one at once. */
  linkGone(peer: string, now: number): void {
    const others = this.#context.view.sources().filter(({ id, dirty }) => id !== peer && !dirty)
    for (const tree of this.#trees.unlinked(peer, now)) {
      for (const neighbor of sample(this.#context.random, others, 1)) this.#graft(neighbor, tree, [], now)
    }
  }

  tick(now: number): void {
    const { view } = this.#context
    const asked = this.#repair.due(
      now,
      (id) => view.get(id)?.record !== undefined,
      (tag, seq) => this.#sequences.knows(tag, seq),
    )
    for (const { tag, seq, tree, holder } of asked) {
      const neighbor = view.get(holder)
      if (neighbor) this.#graft(neighbor, tree, [{ tag, from: seq, to: seq }], now)
    }
    this.#helpHeldBack(now)
  }

  /** What waits for a write that does not come is helped by a sync. */
  #helpHeldBack(now: number): void {
    const from = this.#holdBack.overdue(now)
    if (from === undefined) return
    const { random, view } = this.#context
    const helper = view.get(from) ?? sample(random, view.sources(), 1)[0]
    if (helper?.record) this.#sync.ask(helper, now)
  }

  deadline(): number {
    return Math.min(this.#repair.deadline(), this.#holdBack.deadline())
  }

  /** Asks `neighbor` for some envelopes, and for all of a tree from now on. */
  #graft(neighbor: Neighbor, tree: number, wanted: readonly Announced[], now: number): void {
    this.#context.counters.grafts += 1
    this.#trees.adopt(tree, neighbor.id)
    sendTo(this.#context, neighbor, { type: 'graft', tree, wanted }, now)
  }

  #send(body: EnvelopeBody, ownTree: boolean, now: number): void {
    this.#seq += 1
    const frame: GossipFrame = {
      type: 'gossip',
      origin: this.#context.id,
      epoch: this.#epoch,
      seq: this.#seq,
      round: 0,
      ownTree,
      shapes: body.type === 'beacon',
      body,
    }
    const envelope = this.#sequences.named(frame)
    this.#sequences.add(envelope)
    this.#store.add(envelope, undefined, now)
    this.#push(envelope, undefined, now)
  }

  #take(envelope: Envelope, from: string, now: number): ReceiveResult {
    const { frame, tag } = envelope
    const result = this.#accept(frame, from, now)
    if (result.type === 'refused') this.#context.counters.refusals += 1
    // What is refused here may be welcome elsewhere: it goes on. What is early waits, what is malformed ends here.
    if (result.type === 'early' || result.type === 'offence') return result
    this.#sequences.add(envelope)
    this.#store.add(envelope, from, now, this.#repair.came(tag, frame.seq))
    this.#push(envelope, from, now)
    return result
  }

  /** Eager links get it, lazy ones hear of it. A slow link gets nothing: when it drains, one sync makes up for all. */
  #push({ frame, tag }: Envelope, from: string | undefined, now: number): void {
    const tree = frame.ownTree ? tag : SHARED_TREE
    if (frame.shapes) this.#trees.shape(tree, from, now)
    else this.#trees.use(tree, from, now)
    const everywhere = isUrgent(frame, this.#context.health.score(now))
    const lazy = this.#trees.lazy(tree)
    const run: Announced = { tag, from: frame.seq, to: frame.seq }
    let passed: GossipFrame | undefined
    const knower = suspectsOrigin(frame) ? undefined : frame.origin
    for (const neighbor of this.#context.view.established()) {
      if (neighbor.id === from || neighbor.id === knower || neighbor.dirty) continue
      if (!everywhere && lazy.has(neighbor.id)) {
        neighbor.announcements.add(run)
        continue
      }
      passed ??= passedOn(frame, from)
      sendTo(this.#context, neighbor, passed, now)
    }
  }

  /** It came twice. The link that brought the second copy only announces from now on, if that cannot cut anybody off. */
  #duplicate(envelope: Envelope, neighbor: Neighbor, now: number): void {
    this.#context.counters.duplicates += 1
    const { frame, tag } = envelope
    const { from: bringer, asked } = this.#store.get(envelope) ?? {}
    if (bringer === neighbor.id) return
    if (!frame.shapes && !frame.ownTree) {
      // Claims may come along every link, so they tell nothing of the tree.
      if (frame.body.type !== 'claims') this.#ungraft(asked, [bringer, neighbor.id], now)
      return
    }
    const tree = frame.ownTree ? tag : SHARED_TREE
    const parent = this.#trees.parent(tree)
    // Along an own tree everything comes from the parent. Along the shared one it may come from anywhere: there
    // only a shape tells which links are one too many.
    const isSpare = frame.ownTree && neighbor.id !== parent && bringer === parent
    if (frame.shapes || isSpare) sendTo(this.#context, neighbor, { type: 'prune', tree }, now)
  }

  /**
   * Two links have brought the same along the shared tree. If one of them was asked for it, the tree was only slow: that link
   * announces again, as it did before, and the other one hangs on the tree.
   */
  #ungraft(asked: string | undefined, bringers: readonly (string | undefined)[], now: number): void {
    const spare = asked === undefined ? undefined : this.#context.view.get(asked)
    const other = bringers.find((one) => one !== asked)
    if (spare === undefined || other === undefined || !bringers.includes(asked)) return
    this.#trees.adopt(SHARED_TREE, other)
    sendTo(this.#context, spare, { type: 'prune', tree: SHARED_TREE }, now)
  }

  /**
   * What came before the writes that it follows waits. Its sender has the numbers that were skipped: some of them are what it
   * waits for. A gap before an update that could be merged holds no writes that are missing here, as after a split that a sync healed.
   */
  #hold(envelope: Envelope, neighbor: Neighbor, now: number): void {
    const { frame, tag } = envelope
    const tree = frame.ownTree ? tag : SHARED_TREE
    for (const seq of this.#sequences.skipped(tag, frame.seq, SKIPPED_MAX)) {
      if (!this.#holdBack.has({ ...frame, seq }))
        this.#repair.note({ tag, seq, tree, before: frame.seq }, neighbor, now)
    }
    this.#holdBack.add(envelope, neighbor.id, now)
  }
}
