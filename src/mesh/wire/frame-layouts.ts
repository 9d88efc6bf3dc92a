/** The layouts of what frames are made of: the equations of docs/PROTOCOL.md. frames.ts has one line for each frame. */
import * as encoding from 'lib0/encoding'
import type { MemberRecord } from '../../base/member.js'
import { APPLICATION_BYTES_MAX, PRESENCE_BYTES_MAX } from '../../base/member-limits.js'
import { isWord } from '../../base/random.js'
import type { Claim, MessageFrame } from './claim.js'
import { malformed } from './fields.js'
import {
  type AckRequest,
  type Announced,
  type EnvelopeBody,
  type Frame,
  type GossipFrame,
  type HeartbeatFrame,
  type SyncPartFrame,
  VISIBILITIES,
} from './frame.js'
import {
  byte,
  bytes,
  checked,
  fixed,
  flag,
  integer,
  type Layout,
  list,
  optional,
  type Struct,
  struct,
  text,
  variants,
  word,
} from './layout.js'
import { readRecord, writeRecord } from './record-codec.js'
import { ACK_MARKS_MAX } from './wire-limits.js'

/** The length of a replica digest. */
export const DIGEST_BYTES = 16
/** The length of a proof: an Ed25519 public key and a signature (RFC 8032). */
export const PROOF_BYTES = 32 + 64
const OWN_TREE = 1
const SHAPES = 2

/** The fields of one of several objects, without its type. */
export type Fields<U extends { type: string }, K extends U['type']> = Struct<
  Omit<Extract<U, { type: K }>, 'type'>
>

export const digest = fixed(DIGEST_BYTES)
export const proof = optional(fixed(PROOF_BYTES))
export const record: Layout<MemberRecord> = { write: writeRecord, read: readRecord }

export const announced = list<Announced>({
  write(encoder, { tag, from, to }) {
    for (const part of [tag, from, to - from]) encoding.writeVarUint(encoder, part)
  },
  read(decoder) {
    const [tag, from] = [integer.read(decoder), integer.read(decoder)]
    const to = from + integer.read(decoder)
    if (!Number.isSafeInteger(to)) throw malformed('a sequence number beyond 2^53')
    return { tag, from, to }
  },
})

export const message = struct<Omit<MessageFrame, 'type'>>({
  from: word,
  to: checked(text(64), (to) => to === '' || isWord(to), 'a message to no member'),
  hops: byte,
  number: integer,
  bytes: bytes(APPLICATION_BYTES_MAX),
  proof,
})

export const marks = checked(
  list(struct<AckRequest['marks'][number]>({ session: integer, n: integer })),
  ({ length }) => length >= 1 && length <= ACK_MARKS_MAX,
  'acknowledgements: 1 to 8 marks',
)
export const ackRequest = struct<AckRequest>({ marks })

export const CLAIMS: { readonly [K in Claim['type']]: Fields<Claim, K> } = {
  member: struct({ id: word, record, lease: integer, proof }),
  suspect: struct({ id: word, incarnation: integer, by: word, proof }),
  leave: struct({ id: word, incarnation: integer, proof }),
  presence: struct({ id: word, version: integer, frozen: flag, state: bytes(PRESENCE_BYTES_MAX), proof }),
}

export const BODIES = ['update', 'claims', 'beacon', 'message', 'ack-request'] as const
export const body = variants<EnvelopeBody>(BODIES, {
  update: struct({ update: bytes() }),
  claims: struct({ claims: list(variants<Claim>(['member', 'suspect', 'leave', 'presence'], CLAIMS)) }),
  beacon: struct({}),
  message,
  'ack-request': ackRequest,
})

/** Both flags of an envelope lie in one byte. */
export const flags = checked(byte, (bits) => bits <= (OWN_TREE | SHAPES), 'gossip: unknown flags')
export const envelope = struct<Pick<GossipFrame, 'origin' | 'epoch' | 'seq' | 'round'>>({
  origin: word,
  epoch: integer,
  seq: integer,
  round: integer,
})
export const gossip: Fields<Frame, 'gossip'> = {
  write(encoder, frame) {
    envelope.write(encoder, frame)
    flags.write(encoder, (frame.ownTree ? OWN_TREE : 0) | (frame.shapes ? SHAPES : 0))
    body.write(encoder, frame.body)
  },
  read(decoder, begun) {
    const head = envelope.read(decoder, begun)
    const bits = flags.read(decoder)
    const [ownTree, shapes] = [(bits & OWN_TREE) !== 0, (bits & SHAPES) !== 0]
    return Object.assign(head, { ownTree, shapes, body: body.read(decoder) })
  },
}

/** How far the page is from being run, and whether there is a slot, lie in one byte. */
const SLOT = 4
const life = struct<Pick<HeartbeatFrame, 'digest' | 'time' | 'echo'>>({
  digest,
  time: integer,
  echo: integer,
})
const news = struct<Pick<HeartbeatFrame, 'announced' | 'leases'>>({
  announced,
  leases: list(struct({ tag: integer, lease: integer })),
})
export const heartbeat: Fields<Frame, 'heartbeat'> = {
  write(encoder, frame) {
    life.write(encoder, frame)
    byte.write(encoder, VISIBILITIES.indexOf(frame.visibility) + (frame.hasSlot ? SLOT : 0))
    news.write(encoder, frame)
  },
  read(decoder, begun) {
    const head = life.read(decoder, begun)
    const bits = byte.read(decoder)
    const visibility = VISIBILITIES[bits % SLOT]
    if (visibility === undefined || bits >= 2 * SLOT) throw malformed('a heartbeat of an unknown state')
    return Object.assign(head, { visibility, hasSlot: bits >= SLOT }, news.read(decoder))
  },
}

export const partHeadFields = { exchange: integer, index: integer, last: flag }
export const partHead = struct<Omit<SyncPartFrame, 'type' | 'bytes'>>(partHeadFields)
