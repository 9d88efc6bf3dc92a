/**
 * Broadcast by flooding with duplicate suppression: an update goes to every neighbor; whoever sees it for the
 * first time merges it and only then passes it on, so that whoever forwards has what it forwards. What comes
 * before the writes that it follows is held back.
 */
import { random53 } from '../../base/random.js'
import type { GossipFrame } from '../../wire/frame.js'
import type { EngineContext } from '../context.js'
import type { ReceiveResult } from '../replica-port.js'
import { HoldBack } from './hold-back.js'
import { Sequences } from './sequences.js'

export class Flood {
  readonly #context: EngineContext
  readonly #sequences: Sequences
  readonly #holdBack: HoldBack

  constructor(context: EngineContext) {
    this.#context = context
    this.#sequences = new Sequences(context.id, random53(context.random), context.config)
    this.#holdBack = new HoldBack(context.config)
  }

  /** Updates that wait for what they follow. */
  get held(): number {
    return this.#holdBack.size
  }

  /** Sends own updates to every neighbor. */
  originate(updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#push(this.#sequences.originate(update))
  }

  /** Takes an update of `from`. 'offence': the bytes break the format. 'changed': the replica may hold more now. */
  receive(frame: GossipFrame, from: string, now: number): 'offence' | 'changed' | 'unchanged' {
    if (this.#sequences.isDuplicate(frame)) {
      this.#context.counters.duplicates += 1
      return 'unchanged'
    }
    const { type } = this.#accept(frame, from)
    if (type === 'offence') return 'offence'
    if (type === 'early') this.#holdBack.add(frame, from, now)
    if (type !== 'applied') return 'unchanged'
    this.replay()
    return 'changed'
  }

  /** Tries again what was held back; to be called whenever the replica has advanced. */
  replay(): void {
    this.#holdBack.replay(
      (frame, from) => this.#sequences.isDuplicate(frame) || this.#accept(frame, from).type !== 'early',
    )
  }

  /** The neighbor to ask for a sync because something has waited too long, if any. */
  overdue(now: number): string | undefined {
    return this.#holdBack.overdue(now)
  }

  deadline(): number {
    return this.#holdBack.deadline()
  }

  #accept(frame: GossipFrame, from: string): ReceiveResult {
    const result = this.#context.replica.receive(frame.update)
    if (result.type === 'refused') this.#context.counters.refusals += 1
    if (result.type === 'applied') {
      this.#sequences.markSeen(frame)
      this.#push(this.#sequences.relay(frame), from)
    }
    return result
  }

  /** A slow link gets no broadcasts: when it drains, one sync makes up for all of them. */
  #push(frame: GossipFrame, except?: string): void {
    for (const neighbor of this.#context.view.established()) {
      if (neighbor.id === except || neighbor.id === frame.origin || neighbor.dirty) continue
      this.#context.outbox.send(neighbor.id, frame)
    }
  }
}
