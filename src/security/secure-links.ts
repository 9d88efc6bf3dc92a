/**
 * The port `Links` for a cluster with a secret: the links of another transport, of which only those are shown whose
 * peers are known, and whose signals are sealed on their way.
 */
import type { GossipKvError } from '../base/errors.js'
import { TokenBucket } from '../base/token-bucket.js'
import type { LinkEvents, Links, TransportCounters } from '../transport/transport.js'
import { AUTH_PEERS_MAX, OFFENDERS_MAX, type Priority, REFUSED_MILLIS } from '../wire/limits.js'
import type { Signal } from '../wire/signal.js'
import { linkOver, refused } from './auth-errors.js'
import { ClaimProofs } from './claims.js'
import { type HandshakeSelf, refusalFrame } from './handshake.js'
import { Line } from './line.js'
import { SignalSeal } from './seal.js'
import { SecuredLink } from './secured-link.js'

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
  /** Acknowledgements that their member did not give. */
  acksForged: number
}

export interface SecureLinksOptions extends HandshakeSelf {
  links: Links
  /** Links to readers that this member takes. */
  readersMax: number
  /** A refusal that no dial of this member is answered by. */
  report(error: GossipKvError): void
}

/** Shows of another transport's links those that are authenticated. */
export class SecureLinks implements Links {
  readonly #options: SecureLinksOptions
  readonly #inner: Links
  readonly #proofs: ClaimProofs
  readonly #links = new Map<string, SecuredLink>()
  readonly #dialed = new Set<string>()
  /** Forgers -> until when they are refused, oldest first. */
  readonly #refused = new Map<string, number>()
  readonly #seals = new Line(SIGNALS_BYTES_MAX, () => undefined)
  readonly #opens = new Line(SIGNALS_BYTES_MAX, () => undefined)
  readonly #counters = { authRefused: 0, readerFramesDropped: 0, acksForged: 0, unsealed: 0 }
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
        if (this.#links.get(peer)?.isOpen) events.drained(peer)
      },
      signal: (peer, signal) => this.#seals.push(1024, () => this.#seal?.send(peer, signal)),
    })
  }

  dial(peer: string): void {
    if (this.#links.get(peer)?.isOpen) return
    this.#dialed.add(peer)
    if (this.#isRefused(peer)) queueMicrotask(() => this.#dialFailed(peer, refused(peer, 'proof')))
    else this.#inner.dial(peer)
  }

  receiveSignal(from: string, signal: Signal): void {
    if (signal.type !== 'sealed' || this.#isRefused(from)) this.#counters.unsealed += 1
    else this.#opens.push(signal.box.length, () => this.#seal?.open(from, signal))
  }

  send(peer: string, bytes: Uint8Array, priority: Priority): void {
    this.#links.get(peer)?.send(bytes, priority)
  }

  fingerprints(peer: string): { own: string; theirs: string } | undefined {
    return this.#inner.fingerprints?.(peer)
  }

  slow(peer: string): boolean {
    return this.#inner.slow(peer)
  }

  disconnect(peer: string): void {
    const link = this.#links.get(peer)
    if (link?.isOpen) link.whenSent(() => this.#inner.disconnect(peer))
    else this.#inner.disconnect(peer)
  }

  close(): Promise<void> {
    this.#events = undefined
    this.#opens.close()
    this.#seals.close()
    for (const [peer, link] of this.#links) link.end(linkOver(peer))
    this.#links.clear()
    return this.#inner.close()
  }

  #linkUp(peer: string): void {
    if (this.#events === undefined) return
    const shaking = [...this.#links.values()].filter((link) => !link.isOpen).length
    const isWelcome = !this.#isRefused(peer) && shaking < AUTH_PEERS_MAX
    if (!isWelcome) {
      this.#inner.send(peer, refusalFrame('full'), 0)
      return this.#drop(peer, refused(peer, 'full'))
    }
    this.#links.set(peer, this.#secured(peer))
  }

  #secured(peer: string): SecuredLink {
    const { keyring, ...self } = this.#options
    const send = (bytes: Uint8Array, priority: Priority) => {
      if (this.#links.get(peer) === link) this.#inner.send(peer, bytes, priority)
    }
    const link: SecuredLink = new SecuredLink({
      peer,
      self: { ...self, keyring },
      proofs: this.#proofs,
      fingerprints: this.#inner.fingerprints?.(peer),
      // Its first frame is sent while the link is being made.
      send: (bytes) => this.#inner.send(peer, bytes, 0),
      pass: send,
      admits: (role) => role === 'writer' || this.#readers < this.#options.readersMax,
      up: () => {
        this.#dialed.delete(peer)
        this.#events?.linkUp(peer)
      },
      frame: (bytes) => this.#events?.frame(peer, bytes),
      failed: (error, isForger) => this.#failed(peer, link, error, isForger),
      dropped: () => {
        this.#counters.readerFramesDropped += 1
      },
      ackForged: () => {
        this.#counters.acksForged += 1
      },
      error: (error) => this.#report(error),
    })
    return link
  }

  get #readers(): number {
    return [...this.#links.values()].filter(({ role }) => role === 'reader').length
  }

  #failed(peer: string, link: SecuredLink, error: GossipKvError, isForger: boolean): void {
    if (this.#links.get(peer) !== link) return
    if (isForger) this.#refuse(peer)
    const wasShown = link.role !== undefined
    this.#links.delete(peer)
    if (!wasShown) return this.#drop(peer, error)
    this.#options.report(error)
    this.#inner.disconnect(peer)
    this.#events?.linkDown(peer, error)
  }

  #refuse(peer: string): void {
    this.#refused.delete(peer)
    this.#refused.set(peer, this.#options.clock.monotonic() + REFUSED_MILLIS)
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= OFFENDERS_MAX) return
      this.#refused.delete(oldest)
    }
  }

  #isRefused(peer: string): boolean {
    return this.#options.clock.monotonic() < (this.#refused.get(peer) ?? 0)
  }

  /** A link that nobody was shown ends. */
  #drop(peer: string, error: GossipKvError): void {
    this.#counters.authRefused += 1
    this.#inner.disconnect(peer)
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
    // Why the peer refused may have arrived just before: that is read first, and then told.
    if (!link.isOpen) return link.lost(error ?? linkOver(peer))
    this.#links.delete(peer)
    link.end(error ?? linkOver(peer))
    this.#events?.linkDown(peer, error)
  }

  #dialFailed(peer: string, error: GossipKvError): void {
    this.#seal?.forget(peer)
    if (this.#dialed.delete(peer)) this.#events?.dialFailed(peer, error)
  }
}
