/**
 * Feeds one engine: an inbox of inputs, one timer for its deadline, and the ports that carry out its outputs.
 * Inputs that arrive while one is handled wait their turn, so the engine is never re-entered, whatever a
 * listener does.
 */

import type { Clock, Timer } from '../../base/clock.js'
import { AuthError, type GossipKvError, ProtocolError, TransportError } from '../../base/errors.js'
import type { MemberRecord } from '../../base/member.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import type { Random } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import type { ReplicaPort } from '../../data/replica-port.js'
import type { ProtocolConfig } from '../protocol/config.js'
import { Engine } from '../protocol/engine.js'
import { isReady } from '../protocol/liveness/member-table.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../protocol/protocol-limits.js'
import type { Input, Output } from '../protocol/step.js'
import { LinkRate } from '../rate-limit/link-rate.js'
import type { LinkEvents, SignalingEvents, SignalingState, Transport } from '../transport.js'
import { decodeFrame, encodeFrame, encodePartHead } from '../wire/codec.js'
import type { Frame, Priority, Visibility } from '../wire/frame.js'
import { typeOfTag } from '../wire/frames.js'

/** Local writes of this long travel as one update; the first one after a pause leaves at once. */
const COALESCE_MILLIS = 10
/** A link that has carried enough for now rests so long: half of a second's allowance comes back. */
const FAST_PAUSE_MILLIS = 500
/** How long `close` lets the goodbye leave. */
const GOODBYE_MILLIS = 100

export interface DriverOptions {
  id: string
  record: MemberRecord
  topic: string
  replica: ReplicaPort
  transport: Transport
  clock: Clock
  random: Random
  config?: Partial<ProtocolConfig>
  events: DriverEvents
}

/** One member as the protocol sees it. */
export interface MemberView {
  id: string
  record: MemberRecord
  state: 'alive' | 'suspect' | 'frozen'
  /** Whether it said that its data is complete. */
  ready: boolean
  /** What it shows of itself, as its owner encoded it. */
  presence: Uint8Array | undefined
  /** Whether there is a link to it. */
  direct: boolean
  /** Smoothed round trip of the link in milliseconds. */
  rttMillis: number | undefined
  /** Whether it held the same data when it last told its digest; undefined when it is not direct. */
  inSync: boolean | undefined
}

/** The other members, by whether they hold what was asked about. Ids in ascending order. */
export interface AckSides {
  acked: readonly string[]
  missing: readonly string[]
}

/** What the driver tells the store. */
export interface DriverEvents {
  /** The members, the links or their state changed. */
  changed(): void
  /** What members show of themselves changed. */
  presence(): void
  /** A member was removed. */
  gone(id: string, how: 'left' | 'dead'): void
  /** A message for the application. */
  message(from: string, bytes: Uint8Array): void
  signaling(state: SignalingState, error: GossipKvError | undefined): void
  /** Signaling answered who else is there. */
  contacts(count: number): void
  /** A later run of this member goes on elsewhere; this one meets nobody any more. */
  displaced(error: GossipKvError): void
  /** A link could not be opened. */
  dialFailed(peer: string, error: GossipKvError): void
}

/** Counters since the start. */
export interface DriverCounters {
  framesIn: number
  framesOut: number
  bytesIn: number
  bytesOut: number
  malformedFrames: number
  unknownFrames: number
}

export class Driver {
  readonly #options: DriverOptions
  readonly #engine: Engine
  readonly #inbox: Input[] = []
  readonly #slow = new Set<string>()
  readonly #rates = new Map<string, LinkRate>()
  readonly #counters: DriverCounters = {
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    malformedFrames: 0,
    unknownFrames: 0,
  }
  /** Links that ended for a reason, by the code of it. */
  readonly #ended = new Map<string, number>()
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
  }

  /** Counters by name, since the start. */
  get counters(): Readonly<Record<string, number>> {
    const sent = Array.from(this.#engine.sentFrames, ([type, count]) => [`sent_${type}`, count] as const)
    const { links, signaling } = this.#options.transport
    return {
      ...this.#counters,
      ...this.#engine.counters,
      ...links.counters?.(),
      ...signaling.counters?.(),
      ...Object.fromEntries(sent),
      ...Object.fromEntries(Array.from(this.#ended, ([code, count]) => [`ended_${code}`, count])),
    }
  }

  /** The members, this one included. */
  members(): MemberView[] {
    const { table, view, presence } = this.#engine
    const now = this.#options.clock.monotonic()
    return Array.from(table.entries(), (entry) => {
      const { id, record, suspicion } = entry
      const neighbor = view.get(id)
      return {
        id,
        record,
        state: suspicion ? 'suspect' : presence.isFrozen(id, now) ? 'frozen' : 'alive',
        ready: isReady(entry),
        presence: presence.get(id)?.state,
        direct: neighbor?.record !== undefined,
        rttMillis: neighbor?.srtt,
        inSync: neighbor && this.#engine.inSync(neighbor),
      }
    })
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
    const { id, record, topic, transport } = this.#options
    await transport.links.start(id, this.#linkEvents())
    this.#running = true
    const { kind, role } = record
    transport.signaling.start({ id, kind, role }, topic, this.#signalingEvents())
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

  /** A field of the own member record changed. */
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
    if (this.#running) {
      this.#drain()
      this.#post({ type: 'leave' })
    }
    const hadLinks = this.#running && this.#engine.view.size > 0
    this.#running = false
    this.#timer?.timer.cancel()
    this.#drainTimer?.cancel()
    if (hadLinks) await new Promise<void>((resolve) => clock.after(GOODBYE_MILLIS, resolve))
    await Promise.all([transport.links.close(), transport.signaling.close()])
  }

  /** The world is left for good: nothing goes out or comes in any more but what is on its way out. */
  #halt(): void {
    const { clock, transport, events, id } = this.#options
    this.#running = false
    this.#timer?.timer.cancel()
    this.#drainTimer?.cancel()
    clock.after(
      GOODBYE_MILLIS,
      () => void Promise.allSettled([transport.links.close(), transport.signaling.close()]),
    )
    events.displaced(identityTaken(id))
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
        this.#send(output.peer, output.frame, output.priority)
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
      case 'refused':
        this.#options.events.dialFailed(
          output.peer,
          output.reason === 'full' ? memberFull(output.peer) : clusterFull(output.peer),
        )
        return false
      case 'displaced':
        this.#halt()
        return true
      case 'members':
        return true
      case 'presence':
        this.#options.events.presence()
        return false
      case 'gone':
        this.#options.events.gone(output.id, output.how)
        return true
      case 'message':
        this.#options.events.message(output.from, output.bytes)
        return false
      case 'acknowledged':
        this.#awaited.get(output.call)?.(output)
        this.#awaited.delete(output.call)
        return false
      default:
        return unreachable(output)
    }
  }

  #send(peer: string, frame: Frame, priority: Priority): void {
    const { transport, clock } = this.#options
    const { links } = transport
    const part = frame.type === 'sync-part' ? frame : undefined
    const bytes = part ? encodePartHead(part) : encodeFrame(frame)
    this.#counters.framesOut += 1
    this.#counters.bytesOut += bytes.length + (part?.bytes.length ?? 0)
    links.send(peer, bytes, priority, part?.bytes)
    // Syncs have their own window.
    const isFast = !part && this.#rates.get(peer)?.sent(bytes.length, clock.monotonic()) === false
    if (this.#slow.has(peer) || !(isFast || links.slow(peer))) return
    this.#slow.add(peer)
    this.#inbox.push({ type: 'slow', peer })
    if (isFast) clock.after(FAST_PAUSE_MILLIS, () => this.#drained(peer))
  }

  /** A link has room again, in its queue and by its rate. */
  #drained(peer: string): void {
    if (this.#options.transport.links.slow(peer) || !this.#slow.delete(peer)) return
    this.#post({ type: 'drained', peer })
  }

  #receive(peer: string, bytes: Uint8Array): void {
    this.#counters.framesIn += 1
    this.#counters.bytesIn += bytes.length
    const isAsked = typeOfTag(bytes[1]) === 'sync-part' && this.#engine.isAsking(peer)
    if (
      !isAsked &&
      this.#rates.get(peer)?.received(bytes.length, this.#options.clock.monotonic()) === false
    ) {
      return this.#post({ type: 'overload', peer })
    }
    try {
      const frame = decodeFrame(bytes)
      if (frame) this.#post({ type: 'frame', peer, frame })
      else this.#counters.unknownFrames += 1
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#counters.malformedFrames += 1
      this.#post({ type: 'malformed', peer })
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
    this.#timer = { at, timer: clock.after(at - now, () => this.#tick()) }
  }

  #tick(): void {
    this.#timer = undefined
    this.#post({ type: 'tick' })
  }

  #linkEvents(): LinkEvents {
    return {
      linkUp: (peer) => {
        this.#slow.delete(peer)
        this.#rates.set(peer, new LinkRate(this.#options.clock.monotonic()))
        this.#post({ type: 'link-up', peer })
      },
      linkDown: (peer, error) => this.#linkDown(peer, error),
      dialFailed: (peer, error) => {
        this.#post({ type: 'dial-failed', peer })
        // What this member gave up itself is no failure.
        if (error.code !== 'ERR_ABORTED') this.#options.events.dialFailed(peer, error)
      },
      frame: (peer, bytes) => this.#receive(peer, bytes),
      drained: (peer) => this.#drained(peer),
      signal: (peer, signal) => this.#post({ type: 'signal', peer, signal }),
    }
  }

  #linkDown(peer: string, error: GossipKvError | undefined): void {
    const isMalformed = error instanceof ProtocolError && error.code !== 'ERR_REASSEMBLY_LIMIT'
    if (error?.code === 'ERR_SIGNATURE_INVALID') this.#post({ type: 'malformed', peer, kind: 'signature' })
    else if (isMalformed) this.#post({ type: 'malformed', peer })
    // It may live, and takes less than it is sent.
    if (error?.code === 'ERR_LINK_OVERLOADED') this.#post({ type: 'overload', peer })
    this.#rates.delete(peer)
    if (error) this.#ended.set(error.code, (this.#ended.get(error.code) ?? 0) + 1)
    this.#post({ type: 'link-down', peer })
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

function clusterFull(peer: string): TransportError {
  return new TransportError('ERR_CLUSTER_FULL', {
    what: `Member ${peer} did not take this one in: its cluster has ${MEMBERS_MAX} members`,
    why: 'A cluster has so many, or somebody made members up',
    fix: 'Use several clusters; where members cannot be trusted, give the cluster a secret',
  })
}

function identityTaken(id: string): AuthError {
  return new AuthError('ERR_IDENTITY_TAKEN', {
    what: `Another process or tab runs as this member, ${id}, and was started later; this one has left the cluster`,
    why: 'Its data folder or stored identity was copied, so that both have one key and one id',
    fix: 'Stop one of the two, give it a data folder of its own without the copied identity, and start it anew',
  })
}

function memberFull(peer: string): TransportError {
  return new TransportError('ERR_MEMBER_FULL', {
    what: `Member ${peer} has no room for one more link, and knows of no other that has`,
    why: `A tab takes ${READERS_PER_TAB_MAX} readers and a Node member ${READERS_PER_NODE_MAX}: there are more readers than slots`,
    fix: 'It gets in by itself when a slot is free; start a Node member that writes, or one more tab',
  })
}
