/**
 * The port `Links` for a cluster with a secret: the links of another transport, whose signals are sealed on their way. A
 * connection becomes a link when its handshake is through: until then nothing of it is shown, and an older link to the
 * same peer goes on untouched.
 */

import type { GossipKvError } from '../../base/errors.js'
import { TokenBucket } from '../../base/token-bucket.js'
import { Score } from '../rate-limit/score.js'
import type { Admission, LinkEvents, Links, PendingLink, TransportCounters } from '../transport.js'
import type { Priority } from '../wire/frame.js'
import type { Signal } from '../wire/signal.js'
import { linkOver, refused } from './auth-errors.js'
import { ClaimProofs } from './claim-proofs.js'
import { type HandshakeSelf, refusalFrame } from './handshake.js'
import { SignalSeal } from './seal.js'
import { SecuredLink } from './secured-link.js'
import { AUTH_PEERS_MAX } from './security-limits.js'
import { SerialQueue } from './serial-queue.js'

/** What waits to be sealed or opened. */
const SIGNALS_BYTES_MAX = 1024 * 1024

/** What people are told of refusals that no dial of this member was answered by: all at first, then now and then. */
const REPORTS_PER_SECOND = 0.1
const REPORTS_AT_ONCE = 20

/** Counters since the start. */
export interface SecurityCounters {
  /** Handshakes that did not come through. */
  authRefused: number
  /** Frames that readers had no right to send. */
  readerFramesDropped: number
  /** Frames with more signatures than are checked for one link or one author, or with nothing but what is overtaken. */
  claimsUnread: number
  /** Acknowledgements that their member did not give. */
  acksForged: number
}

export interface SecureLinksOptions extends HandshakeSelf {
  links: Links
  /** A refusal that no dial of this member is answered by. */
  report(error: GossipKvError): void
}

/** A connection in its handshake. */
interface PendingHandshake {
  connection: PendingLink
  link: SecuredLink
}

/** Shows of another transport's links those that are authenticated. */
export class SecureLinks implements Links {
  readonly #options: SecureLinksOptions
  readonly #inner: Links
  readonly #proofs: ClaimProofs
  readonly #links = new Map<string, SecuredLink>()
  /** At most one for each peer, the oldest first, and of those that others began AUTH_PEERS_MAX. */
  readonly #handshakes = new Map<string, PendingHandshake>()
  readonly #dialed = new Set<string>()
  readonly #score = new Score()
  readonly #seals = new SerialQueue(SIGNALS_BYTES_MAX, () => undefined)
  readonly #opens = new SerialQueue(SIGNALS_BYTES_MAX, () => undefined)
  readonly #counters = {
    ...{ authRefused: 0, readerFramesDropped: 0, claimsUnread: 0, acksForged: 0 },
    unsealed: 0,
  }
  readonly #reports: TokenBucket
  #seal: SignalSeal | undefined
  #events: LinkEvents | undefined

  constructor(options: SecureLinksOptions) {
    this.#options = options
    this.#inner = options.links
    this.#reports = new TokenBucket(REPORTS_PER_SECOND, REPORTS_AT_ONCE, options.clock.monotonic())
    this.#proofs = new ClaimProofs(options.identity, options.keyring.clusterId)
    options.keyring.onChange((removed) => {
      if (removed !== undefined) for (const link of this.#links.values()) link.rekey(removed)
    })
  }

  counters(): TransportCounters & SecurityCounters {
    const { unsealed, ...own } = this.#counters
    const inner = this.#inner.counters?.() ?? {
      candidatesRefused: 0,
      signalsRefused: 0,
      handshakesRefused: 0,
    }
    const seals = unsealed + (this.#seal?.counters.sealsRefused ?? 0)
    return { ...inner, ...own, signalsRefused: inner.signalsRefused + seals }
  }

  start(self: string, events: LinkEvents): Promise<void> {
    this.#events = events
    const { identity, keyring } = this.#options
    this.#seal = new SignalSeal(identity, keyring, {
      send: (peer, signal) => this.#events?.signal(peer, signal),
      receive: (peer, signal) => this.#inner.receiveSignal(peer, signal),
      error: (error) => this.#report(error),
    })
    return this.#inner.start(self, {
      linkUp: (peer) => this.#linkUp(peer),
      linkDown: (peer, error) => this.#linkDown(peer, error),
      dialFailed: (peer, error) => this.#dialFailed(peer, error),
      frame: (peer, bytes) => this.#links.get(peer)?.receive(bytes),
      drained: (peer) => {
        if (this.#links.has(peer)) events.drained(peer)
      },
      signal: (peer, signal) => this.#seals.push(1024, () => this.#seal?.send(peer, signal)),
      admission: this.#admission(),
    })
  }

  dial(peer: string): void {
    if (this.#links.has(peer)) return
    this.#dialed.add(peer)
    if (this.#isRefused(peer)) queueMicrotask(() => this.#dialFailed(peer, refused(peer, 'proof')))
    else if (!this.#handshakes.has(peer)) this.#inner.dial(peer)
  }

  receiveSignal(from: string, signal: Signal): void {
    if (signal.type !== 'sealed' || this.#isRefused(from)) this.#counters.unsealed += 1
    else this.#opens.push(signal.box.length, () => this.#seal?.open(from, signal))
  }

  send(peer: string, bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    this.#links.get(peer)?.send(bytes, priority, rest)
  }

  slow(peer: string): boolean {
    return this.#inner.slow(peer)
  }

  disconnect(peer: string): void {
    this.#giveUp(peer, linkOver(peer))
    const link = this.#links.get(peer)
    if (link === undefined) return this.#inner.disconnect(peer)
    link.whenSent(() => {
      if (this.#links.get(peer) === link) this.#inner.disconnect(peer)
    })
  }

  close(): Promise<void> {
    this.#events = undefined
    this.#opens.close()
    this.#seals.close()
    for (const [peer, link] of this.#links) link.end(linkOver(peer))
    for (const [peer, { link }] of this.#handshakes) link.end(linkOver(peer))
    this.#links.clear()
    this.#handshakes.clear()
    return this.#inner.close()
  }

  #admission(): Admission {
    const shaking = (connection: PendingLink) => {
      const found = this.#handshakes.get(connection.peer)
      return found?.connection === connection ? found.link : undefined
    }
    return {
      opened: (connection) => this.#opened(connection),
      frame: (connection, bytes) => shaking(connection)?.receive(bytes),
      // Why the peer refused may have arrived just before: that is read first, and then told.
      lost: (connection, error) => shaking(connection)?.lost(error ?? linkOver(connection.peer)),
    }
  }

  #opened(connection: PendingLink): void {
    const { peer } = connection
    if (this.#events === undefined) return connection.end()
    // The peer has begun anew: what it began before can no longer succeed.
    const older = this.#handshakes.get(peer)
    if (older) this.#end(older, linkOver(peer))
    if (this.#isRefused(peer)) {
      connection.send(refusalFrame('full'), 0)
      connection.end()
      this.#counters.authRefused += 1
      return this.#turnedAway(peer, refused(peer, 'full'))
    }
    this.#handshakes.delete(peer)
    this.#handshakes.set(peer, { connection, link: this.#secured(connection) })
    this.#makeWay()
  }

  /** Of the handshakes that others began the oldest goes: an honest one is through soon. This member's dials are not among them. */
  #makeWay(): void {
    const incoming = [...this.#handshakes.values()].filter(
      ({ connection }) => !this.#dialed.has(connection.peer),
    )
    const [oldest] = incoming
    if (oldest === undefined || incoming.length <= AUTH_PEERS_MAX) return
    oldest.connection.send(refusalFrame('full'), 0)
    // It is the other side that may want to know: here nothing failed.
    this.#end(oldest, refused(oldest.connection.peer, 'full'))
  }

  #secured(connection: PendingLink): SecuredLink {
    const { peer } = connection
    const { keyring, ...self } = this.#options
    const link: SecuredLink = new SecuredLink({
      connection,
      self: { ...self, keyring },
      proofs: this.#proofs,
      up: () => connection.admit(),
      frame: (bytes) => this.#events?.frame(peer, bytes),
      failed: (error, isForger) => this.#failed(peer, link, error, isForger),
      dropped: () => {
        this.#counters.readerFramesDropped += 1
      },
      unread: () => {
        this.#counters.claimsUnread += 1
      },
      ackForged: () => {
        this.#counters.acksForged += 1
      },
      error: (error) => this.#report(error),
    })
    return link
  }

  #linkUp(peer: string): void {
    const shaking = this.#handshakes.get(peer)
    // Links that nobody here has admitted are not believed, whatever they are in the place of.
    if (!shaking?.link.isOpen) {
      this.#linkDown(peer, undefined)
      return this.#inner.disconnect(peer)
    }
    this.#handshakes.delete(peer)
    this.#links.set(peer, shaking.link)
    this.#dialed.delete(peer)
    this.#events?.linkUp(peer)
  }

  #failed(peer: string, link: SecuredLink, error: GossipKvError, isForger: boolean): void {
    if (this.#handshakes.get(peer)?.link === link) return this.#giveUp(peer, error)
    if (this.#links.get(peer) !== link) return
    if (isForger) this.#refuse(peer)
    this.#links.delete(peer)
    this.#options.report(error)
    this.#inner.disconnect(peer)
    this.#events?.linkDown(peer, error)
  }

  #refuse(peer: string): void {
    this.#giveUp(peer, refused(peer, 'proof'))
    this.#score.add(peer, 'signature', this.#options.clock.monotonic())
  }

  #isRefused(peer: string): boolean {
    return this.#score.isRefused(peer, this.#options.clock.monotonic())
  }

  /** Ends the handshake with `peer`, if there is one; a link to it goes on. */
  #giveUp(peer: string, error: GossipKvError): void {
    const shaking = this.#handshakes.get(peer)
    if (shaking === undefined) return
    this.#end(shaking, error)
    this.#turnedAway(peer, error)
  }

  #end({ connection, link }: PendingHandshake, error: GossipKvError): void {
    this.#handshakes.delete(connection.peer)
    this.#counters.authRefused += 1
    link.end(error)
    connection.end()
  }

  /** A connection of which nothing was shown is over. */
  #turnedAway(peer: string, error: GossipKvError): void {
    if (this.#dialed.has(peer)) this.#dialFailed(peer, error)
    else this.#report(error)
  }

  /** Anybody may cause these, the signaling server with every message: the counters have them all. */
  #report(error: GossipKvError): void {
    if (this.#reports.take(this.#options.clock.monotonic())) this.#options.report(error)
  }

  #linkDown(peer: string, error: GossipKvError | undefined): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#links.delete(peer)
    link.end(error ?? linkOver(peer))
    this.#events?.linkDown(peer, error)
  }

  #dialFailed(peer: string, error: GossipKvError): void {
    this.#seal?.forget(peer)
    if (this.#dialed.delete(peer)) this.#events?.dialFailed(peer, error)
  }
}
