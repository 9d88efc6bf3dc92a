/**
 * One WebRTC connection with one reliable ordered channel: the adapter over simple-peer, and the only file that
 * knows it. simple-peer destroys itself over any signal that it does not like; so it is given one description and
 * a bounded number of candidates, all of them checked, and nothing at all once the channel is open.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js'
import type { TransportCounters } from '../transport.js'
import type { Signal } from '../wire/signal.js'
import type { SeenCandidates } from './link-errors.js'
import { CANDIDATES_MAX } from './link-limits.js'
import type { RtcImplementation } from './rtc-implementation.js'
import {
  type CandidateKind,
  candidateKind,
  cleanDescription,
  type GuardedAddresses,
} from './signal-filter.js'

/** Of the candidates that are sent, at most so many are addresses of this host. */
const LOCAL_CANDIDATES_MAX = CANDIDATES_MAX / 2

/** The signals that carry the connection's own matter. */
export type ConnectionSignal = Extract<Signal, { type: 'offer' | 'answer' | 'candidate' }>

export interface ConnectionOptions {
  rtc: RtcImplementation
  session: string
  /** True on the side that makes the offer. */
  offers: boolean
  iceServers: readonly RTCIceServer[]
  /** Whether the runtime looks up mDNS names by itself, as browsers do. */
  resolvesNames: boolean
  /** Addresses that are let in, and offered, beside those of networks. */
  allowed: readonly GuardedAddresses[]
  counters: TransportCounters
}

/** What a connection reports. `closed` comes once and last, and never from within a call. */
export interface ConnectionEvents {
  /** To be carried to the other side. None comes after `opened`. */
  signal(signal: ConnectionSignal): void
  opened(): void
  message(bytes: Uint8Array): void
  closed(error: Error | undefined): void
}

/** A connection that is opening, open or closed. */
export class Connection {
  /** Settles when nothing of the connection is alive in this runtime. */
  readonly closed: Promise<void>
  readonly seen: { own: Set<CandidateKind>; theirs: Set<CandidateKind> } & SeenCandidates = {
    own: new Set(),
    theirs: new Set(),
  }
  #rtc: RTCPeerConnection | undefined
  readonly #peer: SimplePeer.Instance
  readonly #options: ConnectionOptions
  #events: ConnectionEvents
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #described = false
  #candidatesIn = 0
  #candidatesOut = 0
  #localCandidatesOut = 0
  #error: Error | undefined

  /** Begins to connect. Throws what the implementation throws over its configuration. */
  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    this.#peer = new SimplePeer({
      initiator: options.offers,
      trickle: true,
      // Otherwise an uncleared timer of 5 s delays the end of the process.
      iceCompleteTimeout: 1,
      config: { iceServers: [...options.iceServers] },
      channelConfig: { negotiated: true, id: 0 },
      wrtc: guarded(options.rtc, {
        made: (connection) => {
          this.#rtc = connection
        },
        secondChannel: () => this.#fail(new Error('the peer opened a second channel')),
      }),
    })
    this.closed = new Promise((resolve) => this.#listen(resolve))
  }

  /** Directs what comes from now on to somebody else. */
  handOver(events: ConnectionEvents): void {
    this.#events = events
  }

  /** Takes a signal of the other side. Whatever does not fit is dropped: it costs this attempt at most. */
  signal(signal: ConnectionSignal): void {
    if (this.#state !== 'opening') return
    if (signal.type === 'candidate') this.#addCandidate(signal)
    else this.#describe(signal)
  }

  /** The fingerprint of each side's certificate (RFC 8122); undefined unless each has exactly one, a sha-256. */
  get fingerprints(): { own: string; theirs: string } | undefined {
    const own = fingerprintOf(this.#rtc?.localDescription)
    const theirs = fingerprintOf(this.#rtc?.remoteDescription)
    return own && theirs ? { own, theirs } : undefined
  }

  /** Hands one message to the channel; dropped when it is not open. */
  send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return
    try {
      this.#peer.send(bytes)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Closes the channel and the connection; `closed` follows. What has not left yet is lost. Idempotent. */
  close(): void {
    this.#peer.destroy()
  }

  #listen(resolve: () => void): void {
    const peer = this.#peer
    peer.on('signal', (data) => this.#sendSignal(data))
    peer.on('connect', () => this.#open())
    peer.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    peer.on('error', (error) => {
      this.#error ??= error
    })
    peer.on('close', () => {
      this.#state = 'closed'
      resolve()
      this.#events.closed(this.#error)
    })
  }

  #sendSignal(data: SimplePeer.SignalData): void {
    if (this.#state !== 'opening') return
    const { session } = this.#options
    if ('candidate' in data) {
      const { candidate, sdpMid, sdpMLineIndex } = data.candidate
      const kind = candidateKind(candidate, this.#options.allowed)
      if (kind === undefined || kind === 'refused' || !this.#offersCandidate(kind)) return
      this.#events.signal({ type: 'candidate', session, candidate, sdpMid, sdpMLineIndex })
    } else if ((data.type === 'offer' || data.type === 'answer') && data.sdp !== undefined) {
      this.#events.signal({ type: data.type, session, sdp: data.sdp })
    }
  }

  #offersCandidate(kind: CandidateKind): boolean {
    this.seen.own.add(kind)
    // A host with many interfaces would otherwise fill the peer's limit before the servers' candidates come.
    const isLocal = kind === 'host' || kind === 'mDNS'
    if (isLocal && ++this.#localCandidatesOut > LOCAL_CANDIDATES_MAX) return false
    return ++this.#candidatesOut <= CANDIDATES_MAX
  }

  #open(): void {
    if (this.#state !== 'opening') return
    this.#state = 'open'
    this.#events.opened()
  }

  #receive(bytes: Uint8Array): void {
    // simple-peer tells of the connection after it has asked for statistics; a fast peer's first message is earlier.
    this.#open()
    if (this.#state !== 'open') return
    // A Buffer in disguise: its `slice` would share memory.
    this.#events.message(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  #describe(signal: Extract<Signal, { sdp: string }>): void {
    if (this.#described || signal.type !== (this.#options.offers ? 'answer' : 'offer')) return
    const sdp = cleanDescription(signal.sdp, (candidate) => this.#accepts(candidate))
    if (sdp === undefined) return
    this.#described = true
    this.#pass({ type: signal.type, sdp })
  }

  #addCandidate({ candidate, sdpMid, sdpMLineIndex }: Extract<Signal, { candidate: string }>): void {
    if (!this.#accepts(candidate)) return
    // Both null make the constructor of the standard throw. There is one section in the description.
    const place = sdpMid === null && sdpMLineIndex === null ? { sdpMLineIndex: 0 } : { sdpMid, sdpMLineIndex }
    this.#pass({ type: 'candidate', candidate: { candidate, ...place } as RTCIceCandidate })
  }

  #accepts(candidate: string): boolean {
    const { allowed, resolvesNames, counters } = this.#options
    const kind = candidateKind(candidate, allowed)
    if (kind !== undefined) this.seen.theirs.add(kind)
    const fits = kind !== undefined && kind !== 'refused' && (kind !== 'mDNS' || resolvesNames)
    if (fits && ++this.#candidatesIn <= CANDIDATES_MAX) return true
    counters.candidatesRefused += 1
    return false
  }

  #pass(data: SimplePeer.SignalData): void {
    try {
      this.#peer.signal(data)
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new Error(String(error))
    this.#peer.destroy()
  }
}

function fingerprintOf(description: RTCSessionDescription | null | undefined): string | undefined {
  const lines = description?.sdp.match(/^a=fingerprint:.*$/gm) ?? []
  return lines.length === 1
    ? /^a=fingerprint:sha-256 ([\dA-F:]{95})$/i.exec(lines[0].trim())?.[1]?.toUpperCase()
    : undefined
}

/** Whether simple-peer ended because the implementation refused a description. */
export function refusedDescription(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && error.code === 'ERR_SET_REMOTE_DESCRIPTION'
}

/**
 * The same implementation with two guards: a candidate that cannot be added is no error, as others may connect
 * (simple-peer would end the whole connection, or write to the console); and a channel that the peer adds is one.
 */
function guarded(
  rtc: RtcImplementation,
  events: { made(connection: RTCPeerConnection): void; secondChannel(): void },
): RtcImplementation {
  class GuardedConnection extends rtc.RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      this.addEventListener('datachannel', events.secondChannel)
      events.made(this)
    }

    override async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
      try {
        await super.addIceCandidate(candidate)
      } catch {
        // Counts as not offered.
      }
    }
  }
  return { ...rtc, RTCPeerConnection: GuardedConnection }
}
