/**
 * One link of a cluster with a secret. Until its handshake is through, AUTH frames alone go in and out. Then every
 * claim that comes in is checked before anybody sees it, and of a reader nothing is taken that only writers may send.
 */
import type { Timer } from '../../base/clock.js'
import { type GossipKvError, ProtocolError } from '../../base/errors.js'
import type { MemberRole } from '../../base/member.js'
import { TokenBucket } from '../../base/token-bucket.js'
import type { PendingLink } from '../transport.js'
import { decodeFrame, encodeFrame } from '../wire/codec.js'
import type { AckFrame, Frame, Priority } from '../wire/frame.js'
import { FRAMES, isSpokenBy, typeOfTag } from '../wire/frames.js'
import { forged, refused, tooMuchUnverified } from './auth-errors.js'
import { type ClaimProofs, carriesClaims, isPassedOn } from './claim-proofs.js'
import {
  type Authenticated,
  authKind,
  Handshake,
  type HandshakeLink,
  type HandshakeSelf,
} from './handshake.js'
import { REKEY_MILLIS_MAX, UNVERIFIED_BYTES_MAX } from './security-limits.js'
import { SerialQueue } from './serial-queue.js'

/** A new handshake under a new key is tried again after this, while the peer may still be given the key. */
const REKEY_RETRY_MILLIS = 5000
/** Handshakes that the peer may begin in an open link: one for each key that it removes, again after each try that failed. */
const REKEYS_PER_SECOND = 1
const REKEYS_AT_ONCE = 16
/** What a waiting frame counts for at least: it costs more than its bytes. */
const WAITING_BYTES_MIN = 256
/** What a link does in the world. */
export interface SecuredLinkHost {
  self: HandshakeSelf
  /** The connection under it. */
  connection: Pick<PendingLink, 'peer' | 'fingerprints' | 'send'>
  proofs: ClaimProofs
  up(): void
  frame(bytes: Uint8Array): void
  /** The link is to end, for this reason; `isForger` says that the peer is not wanted again soon. */
  failed(error: GossipKvError, isForger: boolean): void
  /** Something was dropped that its sender had no right to send. */
  dropped(): void
  /** A frame was dropped: more signatures than are checked for one link or one author, or nothing but what is overtaken. */
  unread(): void
  /** An answer was dropped that its member did not give. */
  ackForged(): void
  /** A handshake in the open link failed; it goes on for now. */
  error(error: GossipKvError): void
}

/** A link from its opening to its end. */
export class SecuredLink {
  readonly #host: SecuredLinkHost
  readonly #peer: string
  readonly #handshakeLink: HandshakeLink
  readonly #inbound: SerialQueue
  readonly #outbound: SerialQueue
  #handshake: Handshake | undefined
  #role: MemberRole | undefined
  #keyId = ''
  #over = false
  /** Why its connection is gone; what came before is still read. */
  #lost: GossipKvError | undefined
  #rekey: { until: number; timer: Timer } | undefined
  readonly #rekeys: TokenBucket

  constructor(host: SecuredLinkHost) {
    const { connection } = host
    this.#host = host
    this.#rekeys = new TokenBucket(REKEYS_PER_SECOND, REKEYS_AT_ONCE, host.self.clock.monotonic())
    this.#peer = connection.peer
    this.#handshakeLink = {
      peer: connection.peer,
      fingerprints: connection.fingerprints,
      send: (bytes) => connection.send(bytes, 0),
    }
    const overflow = () => this.#fail(tooMuchUnverified(this.#peer), false)
    this.#inbound = new SerialQueue(UNVERIFIED_BYTES_MAX, overflow)
    this.#outbound = new SerialQueue(UNVERIFIED_BYTES_MAX, overflow)
    this.#shake()
  }

  /** The role of the peer once it is known. */
  get role(): MemberRole | undefined {
    return this.#role
  }

  get isOpen(): boolean {
    return this.#role !== undefined && !this.#over
  }

  /** Takes a frame from the connection. */
  receive(bytes: Uint8Array): void {
    if (this.#over) return
    const auth = authKind(bytes)
    if (auth !== undefined) return this.#receiveAuth(bytes, auth === 'hello')
    // A peer without a secret says HELLO at once; the handshake refuses what it cannot read.
    if (!this.isOpen) return this.#handshake?.receive(bytes)
    this.#inbound.push(Math.max(WAITING_BYTES_MIN, bytes.length), () => this.#admit(bytes))
  }

  /** Sends a frame of the protocol, with this member's claims in it signed. */
  send(bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    if (!this.isOpen) return
    // Nothing in two pieces is ever signed.
    if (rest)
      this.#outbound.push(bytes.length + rest.length, () => this.#host.connection.send(bytes, priority, rest))
    else this.#outbound.push(bytes.length, () => this.#sign(bytes, priority))
  }

  /** Calls back when everything that was to be sent has been handed on. */
  whenSent(then: () => void): void {
    this.#outbound.push(0, then)
  }

  /** The connection is gone, or nobody wants it any more. */
  end(error: GossipKvError): void {
    this.#over = true
    this.#rekey?.timer.cancel()
    this.#inbound.close()
    this.#outbound.close()
    this.#handshake?.end(error)
  }

  /** The connection is gone while the handshake goes on: what has come before is still read. */
  lost(error: GossipKvError): void {
    this.#lost = error
    this.#handshake?.end(error)
  }

  /** A key was removed: a link that was opened under it shakes hands anew, or ends. */
  rekey(removed: string): void {
    if (this.#keyId !== removed || !this.isOpen || this.#rekey) return
    const { clock } = this.#host.self
    const timer = clock.after(0, () => this.#retry())
    this.#rekey = { until: clock.monotonic() + REKEY_MILLIS_MAX, timer }
  }

  #retry(): void {
    if (this.#rekey === undefined || this.#over) return
    this.#shake()
    const { clock } = this.#host.self
    const left = this.#rekey.until - clock.monotonic()
    // The last handshake decides.
    if (left > 0) this.#rekey.timer = clock.after(Math.min(REKEY_RETRY_MILLIS, left), () => this.#retry())
  }

  #receiveAuth(bytes: Uint8Array, begins: boolean): void {
    if (this.#handshake === undefined && begins) {
      const { clock } = this.#host.self
      if (!this.#rekeys.take(clock.monotonic())) return this.#fail(refused(this.#peer, 'malformed'), false)
      this.#shake()
    }
    this.#handshake?.receive(bytes)
  }

  #shake(): void {
    if (this.#handshake) return
    const handshake = new Handshake(this.#host.self, this.#handshakeLink)
    this.#handshake = handshake
    handshake.done.then(
      (peer) => this.#through(peer, handshake.rest),
      (error: GossipKvError) => this.#notThrough(error),
    )
  }

  #through({ role, keyId }: Authenticated, rest: readonly Uint8Array[]): void {
    this.#handshake = undefined
    if (this.#over) return
    const isNew = this.#role === undefined
    if (this.#lost) return this.#fail(this.#lost, false)
    this.#role = role
    this.#keyId = keyId
    this.#rekey?.timer.cancel()
    this.#rekey = undefined
    if (isNew) this.#host.up()
    // The peer was through first, and has gone on speaking.
    for (const bytes of rest) this.receive(bytes)
  }

  #notThrough(error: GossipKvError): void {
    this.#handshake = undefined
    if (this.#over) return
    const { clock } = this.#host.self
    // An open link may wait for the key that its peer lacks, but not for ever.
    const mayWait = this.#role !== undefined && clock.monotonic() < (this.#rekey?.until ?? Infinity)
    if (mayWait) this.#host.error(error)
    else this.#fail(error, false)
  }

  #sign(bytes: Uint8Array, priority: Priority): unknown {
    // A reader passes nothing on: its neighbors would drop it.
    if (this.#host.self.role === 'reader' && isPassedOn(bytes, this.#host.self.identity.id)) return
    if (typeOfTag(bytes[1]) === 'ack') return this.#signAck(decodeFrame(bytes) as AckFrame, priority)
    if (!carriesClaims(bytes)) return this.#host.connection.send(bytes, priority)
    const frame = decodeFrame(bytes)
    const signed = frame && this.#host.proofs.sign(frame)
    const send = (proven: Frame | undefined) =>
      proven && this.#host.connection.send(encodeFrame(proven), priority)
    return signed instanceof Promise ? signed.then(send) : send(signed)
  }

  /** The link itself says whose answer comes straight; one that others carry is signed. */
  #signAck(ack: AckFrame, priority: Priority): unknown {
    const { self, proofs } = this.#host
    const pass = (frame: AckFrame) => this.#host.connection.send(encodeFrame(frame), priority)
    return ack.from === self.identity.id && ack.to !== this.#peer ? proofs.signAck(ack).then(pass) : pass(ack)
  }

  #admit(bytes: Uint8Array): unknown {
    if (this.#over) return
    const type = typeOfTag(bytes[1])
    const fromReader = type === undefined ? 'never' : FRAMES[type].fromReader
    const isReader = this.#role === 'reader'
    if (isReader && fromReader === 'never') return this.#host.dropped()
    const isSimple = !carriesClaims(bytes) && type !== 'ack' && !(isReader && fromReader === 'own')
    return isSimple ? this.#host.frame(bytes) : this.#check(bytes)
  }

  /** Malformed bytes go on to the driver, which counts them and ends the link. */
  #check(bytes: Uint8Array): unknown {
    let frame: Frame | undefined
    try {
      frame = decodeFrame(bytes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
    if (frame === undefined) return this.#host.frame(bytes)
    if (!this.#mayComeFromPeer(frame)) return this.#host.dropped()
    if (frame.type === 'ack') return this.#checkAck(frame, bytes)
    const { proofs, self } = this.#host
    const peer = { id: this.#peer, role: this.#role ?? 'reader' }
    return proofs.check(frame, peer, self.clock.monotonic()).then((found) => {
      if (this.#over) return
      if (found === 'good') this.#host.frame(bytes)
      else if (found === 'unread') this.#host.unread()
      else this.#fail(forged(this.#peer, found.forged), true)
    })
  }

  /** A member that carries an answer to another one does not check it, and so is not to blame. */
  #checkAck(ack: AckFrame, bytes: Uint8Array): unknown {
    const { self, proofs } = this.#host
    if (ack.to !== self.identity.id || ack.from === this.#peer) return this.#host.frame(bytes)
    return proofs.isAckTrue(ack).then((isTrue) => {
      if (this.#over) return
      if (isTrue) this.#host.frame(bytes)
      else this.#host.ackForged()
    })
  }

  #mayComeFromPeer(frame: Frame): boolean {
    const peer = this.#peer
    // The role that a neighbor shows to all others is the one that it has proven.
    if (frame.type === 'hello' && frame.record.role !== this.#role) return false
    if (this.#role === 'writer') return true
    // Of envelopes a reader sends its claims alone.
    return isSpokenBy(frame, peer) && (frame.type !== 'gossip' || frame.body.type === 'claims')
  }

  #fail(error: GossipKvError, isForger: boolean): void {
    if (this.#over) return
    this.end(error)
    this.#host.failed(error, isForger)
  }
}
