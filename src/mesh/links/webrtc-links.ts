/**
 * The port `Links` over WebRTC. The dialer opens connections; an open one becomes a link; everything that was ever
 * made is kept in a registry until it is dead, so that `close` can wait for the last of it.
 */
import { loadRtc } from '#rtc'
import { runtimeKind } from '#runtime'
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import type { LinkEvents, Links, PendingLink, TransportCounters } from '../transport.js'
import type { Priority } from '../wire/frame.js'
import type { Signal } from '../wire/signal.js'
import { Dialer } from './dialer.js'
import { Link } from './link.js'
import { linkReplaced } from './link-errors.js'
import type { RtcImplementation } from './rtc-implementation.js'
import type { GuardedAddresses } from './signal-filter.js'
import { Connection, type ConnectionEvents } from './webrtc.js'

export interface WebRtcLinksOptions {
  random: Random
  clock: Clock
  /** STUN and TURN servers; a function is asked anew for every attempt. Default none: host candidates only. */
  iceServers?: readonly RTCIceServer[] | (() => Promise<readonly RTCIceServer[]>)
  /** Addresses of candidates that are let in beside those of networks. Default none. */
  allowAddresses?: readonly GuardedAddresses[]
  /** An implementation to use instead of the browser's or @roamhq/wrtc. */
  webrtc?: { RTCPeerConnection: unknown; RTCSessionDescription: unknown; RTCIceCandidate: unknown }
}

/** Makes the links of one member. */
export function createWebRtcLinks(options: WebRtcLinksOptions): Links {
  return new WebRtcLinks(options)
}

/** A started dialer and whom it serves. */
interface Running {
  dialer: Dialer
  events: LinkEvents
}

class WebRtcLinks implements Links {
  readonly #options: WebRtcLinksOptions
  readonly #implementation: RtcImplementation | undefined
  readonly #links = new Map<string, Link>()
  /** Open, and neither admitted nor turned away yet. */
  readonly #pending = new Set<Link>()
  /** Every connection that is not dead yet. */
  readonly #alive = new Set<Connection>()
  readonly #counters = { candidatesRefused: 0, signalsRefused: 0, handshakesRefused: 0 }
  #self = ''
  #running: Running | undefined
  #closing: Promise<void> | undefined

  constructor(options: WebRtcLinksOptions) {
    this.#options = options
    this.#implementation = options.webrtc as RtcImplementation | undefined
  }

  async start(self: string, events: LinkEvents): Promise<void> {
    const rtc = this.#implementation ?? (await loadRtc())
    if (this.#closing) return
    this.#self = self
    const { random, clock, iceServers = [] } = this.#options
    const dialer = new Dialer(
      {
        self,
        random,
        clock,
        counters: this.#counters,
        iceServers: async () => (typeof iceServers === 'function' ? iceServers() : iceServers),
      },
      {
        connect: (session, offers, servers, listener) =>
          this.#connect(rtc, session, offers, servers, listener),
        opened: (peer, connection) => this.#open(peer, connection, events),
        failed: (peer, error) => events.dialFailed(peer, error),
        signal: (peer, signal) => events.signal(peer, signal),
      },
    )
    this.#running = { dialer, events }
  }

  dial(peer: string): void {
    if (peer !== this.#self && !this.#links.has(peer)) this.#running?.dialer.dial(peer)
  }

  receiveSignal(from: string, signal: Signal): void {
    this.#running?.dialer.receive(from, signal)
  }

  send(peer: string, bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    this.#links.get(peer)?.send(bytes, priority, rest)
  }

  slow(peer: string): boolean {
    return this.#links.get(peer)?.slow ?? false
  }

  disconnect(peer: string): void {
    this.#running?.dialer.abort(peer)
    this.#links.get(peer)?.finish()
  }

  counters(): Readonly<TransportCounters> {
    return this.#counters
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    this.#running?.dialer.close()
    this.#running = undefined
    for (const link of [...this.#links.values(), ...this.#pending]) link.finish()
    // A link ends when its peer has read all; FINISH_MILLIS_MAX bounds it.
    await Promise.all([...this.#alive].map((connection) => connection.closed))
    // The native objects of @roamhq/wrtc are let go of in the turn after.
    await new Promise<void>((resolve) => this.#options.clock.after(0, resolve))
  }

  #connect(
    rtc: RtcImplementation,
    session: string,
    offers: boolean,
    iceServers: readonly RTCIceServer[],
    events: ConnectionEvents,
  ): Connection {
    const connection = new Connection(
      {
        rtc,
        session,
        offers,
        iceServers,
        resolvesNames: runtimeKind === 'browser',
        allowed: this.#options.allowAddresses ?? [],
        counters: this.#counters,
      },
      events,
    )
    this.#alive.add(connection)
    void connection.closed.then(() => this.#alive.delete(connection))
    return connection
  }

  #open(peer: string, connection: Connection, events: LinkEvents): void {
    const { admission } = events
    let pending: PendingLink | undefined
    const link: Link = new Link(peer, connection, this.#options.clock, {
      frame: (bytes) =>
        this.#whileRunning(() => {
          if (pending === undefined) events.frame(peer, bytes)
          else if (this.#pending.has(link)) admission?.frame(pending, bytes)
        }),
      drained: () => {
        if (this.#links.get(peer) === link) this.#whileRunning(() => events.drained(peer))
      },
      down: (error) => {
        const wasPending = this.#pending.delete(link)
        if (this.#links.get(peer) === link) this.#links.delete(peer)
        this.#whileRunning(() => {
          if (pending === undefined) events.linkDown(peer, error)
          else if (wasPending) admission?.lost(pending, error)
        })
      },
    })
    const admit = () => {
      if (link.over || (pending && !this.#pending.delete(link))) return
      pending = undefined
      this.#admit(link, events)
    }
    if (admission === undefined) return admit()
    pending = this.#wait(link, admit)
    admission.opened(pending)
  }

  #wait(link: Link, admit: () => void): PendingLink {
    this.#pending.add(link)
    return {
      peer: link.peer,
      fingerprints: link.fingerprints,
      send: (bytes, priority, rest) => link.send(bytes, priority, rest),
      admit,
      end: () => {
        if (this.#pending.delete(link)) link.finish()
      },
    }
  }

  #admit(link: Link, events: LinkEvents): void {
    const { peer } = link
    const old = this.#links.get(peer)
    link.admit()
    // First the new one: a dial at the news of the old one's end finds a link.
    this.#links.set(peer, link)
    // The peer would hardly have negotiated anew had it still a link: its own end of the old one is gone.
    old?.end(linkReplaced(peer))
    events.linkUp(peer)
  }

  /** After `close` has begun nothing is reported any more. */
  #whileRunning(report: () => void): void {
    if (this.#running) report()
  }
}
