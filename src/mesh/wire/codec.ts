/**
 * Frames to bytes and back, in lib0's variable-length encoding. Decoding checks every length against the bytes
 * that are there before it allocates, and accepts no byte beyond the end of a frame. The tables below are the
 * equations of docs/PROTOCOL.md.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { takeWritten } from '../../base/bytes.js'
import { ProtocolError } from '../../base/errors.js'
import type { MemberRecord } from '../../base/member.js'
import { APPLICATION_BYTES_MAX, PRESENCE_BYTES_MAX } from '../../base/member-limits.js'
import { isWord } from '../../base/random.js'
import { malformed, tooLarge, versionMismatch } from './fields.js'
import {
  type AckRequest,
  type Announced,
  type Claim,
  DISCONNECT_REASONS,
  type EnvelopeBody,
  FRAME_TAGS,
  type Frame,
  type GossipFrame,
  type HeartbeatFrame,
  LINK_INTENTS,
  type MessageFrame,
  PROTOCOL_VERSION,
  type SyncPartFrame,
  VISIBILITIES,
} from './frame.js'
import {
  byte,
  bytes,
  checked,
  choice,
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
  view,
  word,
} from './layout.js'
import { readRecord, writeRecord } from './record-codec.js'
import { ACK_MARKS_MAX, FRAME_BYTES_MAX, SIGNAL_CHARACTERS_MAX, SLOTS_NAMED_MAX } from './wire-limits.js'

/** The length of a replica digest. */
export const DIGEST_BYTES = 16
/** The length of a proof: an Ed25519 public key and a signature (RFC 8032). */
export const PROOF_BYTES = 32 + 64
const OWN_TREE = 1
const SHAPES = 2

/** The fields of one of several objects, without its type. */
type Fields<U extends { type: string }, K extends U['type']> = Struct<Omit<Extract<U, { type: K }>, 'type'>>

const digest = fixed(DIGEST_BYTES)
const proof = optional(fixed(PROOF_BYTES))
const record: Layout<MemberRecord> = { write: writeRecord, read: readRecord }

const announced = list<Announced>({
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

const message = struct<Omit<MessageFrame, 'type'>>({
  from: word,
  to: checked(text(64), (to) => to === '' || isWord(to), 'a message to no member'),
  hops: byte,
  number: integer,
  bytes: bytes(APPLICATION_BYTES_MAX),
  proof,
})

const marks = checked(
  list(struct<AckRequest['marks'][number]>({ session: integer, n: integer })),
  ({ length }) => length >= 1 && length <= ACK_MARKS_MAX,
  'acknowledgements: 1 to 8 marks',
)
const ackRequest = struct<AckRequest>({ marks })

const CLAIMS: { readonly [K in Claim['type']]: Fields<Claim, K> } = {
  member: struct({ id: word, record, lease: integer, proof }),
  suspect: struct({ id: word, incarnation: integer, by: word, proof }),
  leave: struct({ id: word, incarnation: integer, proof }),
  presence: struct({ id: word, version: integer, frozen: flag, state: bytes(PRESENCE_BYTES_MAX), proof }),
}

const BODIES = ['update', 'claims', 'beacon', 'message', 'ack-request'] as const
const body = variants<EnvelopeBody>(BODIES, {
  update: struct({ update: bytes() }),
  claims: struct({ claims: list(variants<Claim>(['member', 'suspect', 'leave', 'presence'], CLAIMS)) }),
  beacon: struct({}),
  message,
  'ack-request': ackRequest,
})

/** Both flags of an envelope lie in one byte. */
const flags = checked(byte, (bits) => bits <= (OWN_TREE | SHAPES), 'gossip: unknown flags')
const envelope = struct<Pick<GossipFrame, 'origin' | 'epoch' | 'seq' | 'round'>>({
  origin: word,
  epoch: integer,
  seq: integer,
  round: integer,
})
const gossip: Fields<Frame, 'gossip'> = {
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
const heartbeat: Fields<Frame, 'heartbeat'> = {
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

const partHeadFields = { exchange: integer, index: integer, last: flag }
const partHead = struct<Omit<SyncPartFrame, 'type' | 'bytes'>>(partHeadFields)

const FRAMES: { readonly [K in Frame['type']]: Fields<Frame, K> } = {
  ...CLAIMS,
  hello: struct({
    topic: word,
    id: word,
    record,
    lease: integer,
    proof,
    links: integer,
    intent: choice(LINK_INTENTS),
  }),
  heartbeat,
  gossip,
  graft: struct({ tree: integer, wanted: announced }),
  prune: struct({ tree: integer }),
  interleave: struct({ step: choice(['offer', 'done', 'failed'] as const), member: word }),
  signal: struct({ from: word, to: word, hops: byte, payload: text(SIGNAL_CHARACTERS_MAX) }),
  members: struct({ ask: flag, buckets: list(integer) }),
  digest: struct({ replica: digest, members: integer, ask: flag }),
  'sync-request': struct({ exchange: integer, summary: bytes() }),
  'sync-part': struct({ ...partHeadFields, bytes: view }),
  'sync-pull': struct({ exchange: integer, next: integer }),
  'sync-busy': struct({ exchange: integer }),
  message,
  disconnect: struct({
    reason: choice(DISCONNECT_REASONS),
    others: optional(
      checked(list(word), ({ length }) => length <= SLOTS_NAMED_MAX, 'disconnect: more than 8 others'),
    ),
  }),
  'ack-request': ackRequest,
  ack: struct({ from: word, to: word, hops: byte, marks, proof }),
}

const TYPE_OF_TAG = new Map(
  Object.entries(FRAME_TAGS).map(([type, tag]) => [tag as number, type as Frame['type']] as const),
)

// Reused: a frame is encoded in one go, and a large one should be copied once.
const encoder = encoding.createEncoder()

/** Encodes a frame. The caller keeps within FRAME_BYTES_MAX. */
export function encodeFrame(frame: Frame): Uint8Array {
  begin(frame)
  const layout = FRAMES[frame.type] as Layout<Frame>
  layout.write(encoder, frame)
  return takeWritten(encoder)
}

/** Encodes what an envelope carries, by itself. */
export function encodeBody(of: EnvelopeBody): Uint8Array {
  body.write(encoder, of)
  return takeWritten(encoder)
}

/** Encodes all of a frame but the part of a sync at its end, which can so be sent without a copy. */
export function encodePartHead(frame: SyncPartFrame): Uint8Array {
  begin(frame)
  partHead.write(encoder, frame)
  integer.write(encoder, frame.bytes.length)
  return takeWritten(encoder)
}

function begin({ type }: Frame): void {
  for (const head of [PROTOCOL_VERSION, FRAME_TAGS[type], 0]) encoding.writeUint8(encoder, head)
}

/**
 * Whose envelope a frame is and what lies in it, without reading that; undefined for every other frame. It reads as
 * `decodeFrame` does: numbers have more than one spelling. @throws what `decodeFrame` throws, or lib0 at an end
 */
export function peekEnvelope(bytes: Uint8Array): { origin: string; body: EnvelopeBody['type'] } | undefined {
  if (bytes[1] !== FRAME_TAGS.gossip) return undefined
  const decoder = decoding.createDecoder(bytes)
  decoder.pos = 3
  const { origin } = envelope.read(decoder)
  flags.read(decoder)
  return { origin, body: choice(BODIES).read(decoder) }
}

/**
 * Decodes a frame. An unknown type answers undefined, to be skipped and counted: a later minor version may
 * know more. @throws ProtocolError ERR_FRAME_MALFORMED, ERR_FRAME_TOO_LARGE, ERR_VERSION_MISMATCH
 */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length > FRAME_BYTES_MAX) throw tooLarge(bytes.length)
  if (bytes.length < 3) throw malformed('a frame has at least 3 bytes')
  if (bytes[0] !== PROTOCOL_VERSION) throw versionMismatch(bytes[0])
  const type = TYPE_OF_TAG.get(bytes[1] ?? 0)
  if (type === undefined) return undefined
  const decoder = decoding.createDecoder(bytes)
  decoder.pos = 3
  try {
    const frame = FRAMES[type].read(decoder, { type })
    if (decoding.hasContent(decoder)) throw malformed(`${type}: bytes beyond the end`)
    return frame as Frame
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw malformed(`${type}: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}
