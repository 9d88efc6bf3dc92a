/**
 * Feeds one engine: an inbox of inputs, one timer for its deadline, and the ports that carry out its outputs. Inputs that
 * arrive while one is handled wait their turn: the engine is never re-entered, whatever a listener does.
 */
import type { Timer } from '../../base/clock.js'
import type { MemberRecord } from '../../base/member.js'
import { unreachable } from '../../base/unreachable.js'
import { Engine } from '../protocol/engine.js'
import type { Input, Output } from '../protocol/step.js'
import type { LinkEvents, SignalingEvents } from '../transport.js'
import type { Visibility } from '../wire/frame.js'
import { clusterFull, identityTaken, memberFull } from './driver-errors.js'
import type { AckSides, DriverOptions, MemberView } from './driver-types.js'
import { memberViews } from './member-views.js'
import { Traffic } from './traffic.js'

/** Local writes of this long travel as one update; the first one after a pause leaves at once. */
const COALESCE_MILLIS = 10
/** How long `close` lets the goodbye leave. */
const GOODBYE_MILLIS = 100

export class Driver {
  readonly #options: DriverOptions
  readonly #engine: Engine
  readonly #inbox: Input[] = []
  readonly #traffic: Traffic
  #handling = false
  #running = false
  #timer: { at: number; timer: Timer } | undefined
  #drainTimer: Timer | undefined
  #drainedAt = Number.NEGATIVE_INFINITY
  #pending = 0
  #calls = 0
  readonly #awaited = new Map<number, (sides: AckSides) => void>()

  constructor(options: DriverOptions) {
    this.#options = options
    this.#engine = new Engine({
      ...options,
      now: options.clock.monotonic(),
    })
    this.#traffic = new Traffic({
      links: options.transport.links,
      clock: options.clock,
      isAsking: (peer) => this.#engine.isAsking(peer),
      post: (input) => this.#post(input),
    })
  }

  /** Counters by name, since the start. */
  get counters(): Readonly<Record<string, number>> {
    const sent = Array.from(this.#engine.sentFrames, ([type, count]) => [`sent_${type}`, count] as const)
    const { links, signaling } = this.#options.transport
    return {
      ...this.#traffic.counters,
      ...this.#engine.counters,
      ...links.counters?.(),
      ...signaling.counters?.(),
      ...Object.fromEntries(sent),
    }
  }

  /** The members, this one included. */
  members(): MemberView[] {
    return memberViews(this.#engine, this.#options.clock.monotonic())
  }

  /** Links that it wants now. */
  get linksTarget(): number {
    return this.#engine.linksTarget
  }

  /** Whether a dial is under way. */
  get dialing(): boolean {
    return this.#engine.dialing
  }

  /** Local transactions that have not been handed to the engine. */
  get pendingUpdates(): number {
    return this.#pending
  }

  /** Opens links and signaling. @throws TransportError ERR_WEBRTC_UNAVAILABLE */
  async start(): Promise<void> {
    const { id, topic, transport, record } = this.#options
    await transport.links.start(id, this.#linkEvents())
    this.#running = true
    transport.signaling.start({ id, kind: record.kind, role: record.role }, topic, this.#signalingEvents())
    this.#drain()
    this.#schedule()
  }

  /** Local writes wait in the replica. */
  localWrites(): void {
    this.#pending += 1
    if (!this.#running || this.#drainTimer) return
    const { clock } = this.#options
    const wait = Math.max(0, this.#drainedAt + COALESCE_MILLIS - clock.monotonic())
    this.#drainTimer = clock.after(wait, () => this.#drain())
  }

  /**
   * Calls `done` once, when `acks` other members hold every local write so far (Infinity: all of them). Returns what
   * ends the wait: `done` is then called at once, with how far it came.
   */
  awaitAcks(acks: number, done: (sides: AckSides) => void): () => void {
    const call = this.#calls++
    this.#awaited.set(call, done)
    // The request follows the updates that it asks about.
    this.#drain()
    this.#post({ type: 'await-acks', call, acks })
    return () => this.#post({ type: 'end-acks', call })
  }

  /** A field of this member's record changed. */
  changeSelf(change: Partial<MemberRecord>): void {
    this.#post({ type: 'self', change })
  }

  /** Shows something else of this member to all others; told at most 5 times a second. */
  present(state: Uint8Array): void {
    this.#post({ type: 'presence', state })
  }

  /** The page went to the background, came back, or is about to be stopped. */
  show(visibility: Visibility): void {
    this.#post({ type: 'visibility', visibility })
  }

  /** Sends a message to one member, or to everyone else when `to` is empty. */
  message(to: string, bytes: Uint8Array): void {
    this.#post({ type: 'message', to, bytes })
  }

  /** Says goodbye, closes every link and signaling. */
  async close(): Promise<void> {
    const { transport, clock } = this.#options
    this.#drain()
    this.#post({ type: 'leave' })
    const hadLinks = this.#running && this.#engine.view.size > 0
    this.#stop()
    if (hadLinks) await new Promise<void>((resolve) => clock.after(GOODBYE_MILLIS, resolve))
    await Promise.all([transport.links.close(), transport.signaling.close()])
  }

  /** Another run of this member goes on: nothing goes out or comes in any more but what is on its way out. */
  #halt(): void {
    const { clock, transport, events, id } = this.#options
    this.#stop()
    const end = () => void Promise.allSettled([transport.links.close(), transport.signaling.close()])
    clock.after(GOODBYE_MILLIS, end)
    events.displaced(identityTaken(id))
  }

  #stop(): void {
    this.#running = false
    this.#timer?.timer.cancel()
    this.#drainTimer?.cancel()
  }

  #drain(): void {
    this.#drainTimer?.cancel()
    this.#drainTimer = undefined
    this.#drainedAt = this.#options.clock.monotonic()
    this.#pending = 0
    const updates = this.#options.replica.drain()
    if (updates.length > 0) this.#post({ type: 'local-updates', updates })
  }

  #post(input: Input): void {
    if (!this.#running) return
    this.#inbox.push(input)
    if (this.#handling) return
    this.#handling = true
    try {
      for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) this.#step(next)
    } finally {
      this.#handling = false
    }
    this.#schedule()
  }

  #step(input: Input): void {
    const { clock } = this.#options
    let changed = false
    for (const output of this.#engine.handle(input, clock.monotonic()))
      changed = this.#carryOut(output) || changed
    if (changed) this.#options.events.changed()
  }

  /** Returns whether the output is news for the store. */
  #carryOut(output: Output): boolean {
    const { links, signaling } = this.#options.transport
    switch (output.type) {
      case 'send':
        this.#traffic.send(output.peer, output.frame, output.priority)
        return false
      case 'dial':
        links.dial(output.peer)
        return true
      case 'disconnect':
        links.disconnect(output.peer)
        return true
      case 'introduce':
        signaling.introduce(output.count)
        return false
      case 'signal-server':
        signaling.send(output.peer, output.signal)
        return false
      case 'signal':
        links.receiveSignal(output.peer, output.signal)
        return false
      default:
        return this.#tell(output)
    }
  }

  #tell(
    output: Exclude<
      Output,
      { type: 'send' | 'dial' | 'disconnect' | 'introduce' | 'signal-server' | 'signal' }
    >,
  ): boolean {
    const { events } = this.#options
    switch (output.type) {
      case 'refused':
        events.dialFailed(output.peer, (output.reason === 'full' ? memberFull : clusterFull)(output.peer))
        return false
      case 'displaced':
        this.#halt()
        return true
      case 'members':
        return true
      case 'presence':
        events.presence()
        return false
      case 'gone':
        events.gone(output.id, output.how)
        return true
      case 'message':
        events.message(output.from, output.bytes)
        return false
      case 'acknowledged':
        this.#awaited.get(output.call)?.(output)
        this.#awaited.delete(output.call)
        return false
      default:
        return unreachable(output)
    }
  }

  #schedule(): void {
    if (!this.#running) return
    const { clock } = this.#options
    const now = clock.monotonic()
    const at = this.#engine.deadline(now)
    if (this.#timer && this.#timer.at <= at) return
    this.#timer?.timer.cancel()
    if (at === Number.POSITIVE_INFINITY) return
    const tick = () => {
      this.#timer = undefined
      this.#post({ type: 'tick' })
    }
    this.#timer = { at, timer: clock.after(at - now, tick) }
  }

  #linkEvents(): LinkEvents {
    return {
      linkUp: (peer) => this.#traffic.linkUp(peer),
      linkDown: (peer, error) => this.#traffic.linkDown(peer, error),
      dialFailed: (peer, error) => {
        this.#post({ type: 'dial-failed', peer })
        // What this member gave up itself is no failure.
        if (error.code !== 'ERR_ABORTED') this.#options.events.dialFailed(peer, error)
      },
      frame: (peer, bytes) => this.#traffic.receive(peer, bytes),
      drained: (peer) => this.#traffic.drained(peer),
      signal: (peer, signal) => this.#post({ type: 'signal', peer, signal }),
    }
  }

  #signalingEvents(): SignalingEvents {
    return {
      state: (state, error) => {
        this.#post({ type: 'signaling', connected: state === 'connected' })
        this.#options.events.signaling(state, error)
      },
      contacts: (contacts) => {
        this.#post({ type: 'contacts', contacts })
        this.#options.events.contacts(contacts.length)
      },
      signal: (from, signal) => {
        if (this.#engine.refuses(from, this.#options.clock.monotonic())) return
        this.#post({ type: 'signal-received', peer: from })
        this.#options.transport.links.receiveSignal(from, signal)
      },
      absent: (peer) => this.#post({ type: 'absent', peer }),
    }
  }
}
