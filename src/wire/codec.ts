/**
 * Frames to bytes and back, in lib0's variable-length encoding. Decoding checks every length against the bytes
 * that are there before it allocates, and accepts no byte beyond the end of a frame.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { ProtocolError } from '../base/errors.js'
import {
  malformed,
  readBytes,
  readChoice,
  readCount,
  readFixed,
  readFlag,
  readInteger,
  readText,
  readWord,
  tooLarge,
  versionMismatch,
} from './fields.js'
import {
  type AckRequest,
  type Announced,
  type Claim,
  DISCONNECT_REASONS,
  type EnvelopeBody,
  FRAME_TAGS,
  type Frame,
  type GossipFrame,
  LINK_INTENTS,
  type MessageFrame,
  PROTOCOL_VERSION,
  VISIBILITIES,
} from './frame.js'
import {
  ACK_MARKS_MAX,
  APPLICATION_BYTES_MAX,
  FRAME_BYTES_MAX,
  PRESENCE_BYTES_MAX,
  SIGNAL_CHARACTERS_MAX,
} from './limits.js'
import { readRecord, writeRecord } from './record-codec.js'
import { isWord } from './signal.js'

/** The length of a replica digest. */
export const DIGEST_BYTES = 16
/** The length of a proof: an Ed25519 public key and a signature (RFC 8032). */
export const PROOF_BYTES = 32 + 64
const BODY_TYPES = ['update', 'claims', 'beacon', 'message', 'ack-request'] as const
const OWN_TREE = 1
const SHAPES = 2
const CLAIM_TYPES = ['member', 'suspect', 'leave', 'presence'] as const
const INTERLEAVE_STEPS = ['offer', 'done', 'failed'] as const

/** Encodes a frame. The caller keeps within FRAME_BYTES_MAX. */
export function encodeFrame(frame: Frame): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeUint8(encoder, PROTOCOL_VERSION)
  encoding.writeUint8(encoder, FRAME_TAGS[frame.type])
  encoding.writeUint8(encoder, 0)
  writeFields(encoder, frame)
  return encoding.toUint8Array(encoder)
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
    const frame = readFields(decoder, type)
    if (decoding.hasContent(decoder)) throw malformed(`${type}: bytes beyond the end`)
    return frame
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw malformed(`${type}: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

const TYPE_OF_TAG = new Map(
  Object.entries(FRAME_TAGS).map(([type, tag]) => [tag as number, type as Frame['type']] as const),
)

function writeFields(encoder: encoding.Encoder, frame: Frame): void {
  switch (frame.type) {
    case 'hello':
      encoding.writeVarString(encoder, frame.topic)
      encoding.writeVarString(encoder, frame.id)
      writeRecord(encoder, frame.record)
      encoding.writeVarUint(encoder, frame.lease)
      writeProof(encoder, frame.proof)
      encoding.writeVarUint(encoder, frame.links)
      return encoding.writeUint8(encoder, LINK_INTENTS.indexOf(frame.intent))
    case 'heartbeat':
      encoding.writeUint8Array(encoder, frame.digest)
      encoding.writeVarUint(encoder, frame.time)
      encoding.writeVarUint(encoder, frame.echo)
      encoding.writeVarUint(encoder, frame.wall)
      encoding.writeUint8(encoder, VISIBILITIES.indexOf(frame.visibility))
      writeAnnounced(encoder, frame.announced)
      encoding.writeVarUint(encoder, frame.leases.length)
      for (const { tag, lease } of frame.leases) {
        encoding.writeVarUint(encoder, tag)
        encoding.writeVarUint(encoder, lease)
      }
      return
    case 'gossip':
      return writeGossip(encoder, frame)
    case 'graft':
      encoding.writeVarUint(encoder, frame.tree)
      return writeAnnounced(encoder, frame.wanted)
    case 'prune':
      return encoding.writeVarUint(encoder, frame.tree)
    case 'interleave':
      encoding.writeUint8(encoder, INTERLEAVE_STEPS.indexOf(frame.step))
      return encoding.writeVarString(encoder, frame.member)
    case 'signal':
      encoding.writeVarString(encoder, frame.from)
      encoding.writeVarString(encoder, frame.to)
      encoding.writeUint8(encoder, frame.hops)
      return encoding.writeVarString(encoder, frame.payload)
    case 'members':
      encoding.writeUint8(encoder, frame.ask ? 1 : 0)
      encoding.writeVarUint(encoder, frame.buckets.length)
      for (const bucket of frame.buckets) encoding.writeVarUint(encoder, bucket)
      return
    case 'digest':
      encoding.writeUint8Array(encoder, frame.replica)
      encoding.writeVarUint(encoder, frame.members)
      return encoding.writeUint8(encoder, frame.ask ? 1 : 0)
    case 'sync-request':
      encoding.writeVarUint(encoder, frame.exchange)
      return encoding.writeVarUint8Array(encoder, frame.summary)
    case 'sync-part':
      encoding.writeVarUint(encoder, frame.exchange)
      encoding.writeVarUint(encoder, frame.index)
      encoding.writeVarUint(encoder, frame.count)
      return encoding.writeVarUint8Array(encoder, frame.bytes)
    case 'sync-pull':
      encoding.writeVarUint(encoder, frame.exchange)
      return encoding.writeVarUint(encoder, frame.next)
    case 'sync-busy':
      return encoding.writeVarUint(encoder, frame.exchange)
    case 'member':
    case 'suspect':
    case 'leave':
    case 'presence':
      return writeClaim(encoder, frame)
    case 'message':
      return writeMessage(encoder, frame)
    case 'disconnect':
      return encoding.writeUint8(encoder, DISCONNECT_REASONS.indexOf(frame.reason))
    case 'ack-request':
      return writeAckRequest(encoder, frame)
    case 'ack':
      encoding.writeVarString(encoder, frame.from)
      encoding.writeVarString(encoder, frame.to)
      encoding.writeUint8(encoder, frame.hops)
      encoding.writeVarUint(encoder, frame.session)
      return encoding.writeVarUint(encoder, frame.token)
    default:
      return unreachable(frame)
  }
}

function writeGossip(encoder: encoding.Encoder, frame: GossipFrame): void {
  encoding.writeVarString(encoder, frame.origin)
  encoding.writeVarUint(encoder, frame.epoch)
  encoding.writeVarUint(encoder, frame.seq)
  encoding.writeVarUint(encoder, frame.round)
  encoding.writeUint8(encoder, (frame.ownTree ? OWN_TREE : 0) | (frame.shapes ? SHAPES : 0))
  writeBody(encoder, frame.body)
}

function writeBody(encoder: encoding.Encoder, body: EnvelopeBody): void {
  encoding.writeUint8(encoder, BODY_TYPES.indexOf(body.type))
  switch (body.type) {
    case 'update':
      return encoding.writeVarUint8Array(encoder, body.update)
    case 'claims':
      encoding.writeVarUint(encoder, body.claims.length)
      for (const claim of body.claims) {
        encoding.writeUint8(encoder, CLAIM_TYPES.indexOf(claim.type))
        writeClaim(encoder, claim)
      }
      return
    case 'beacon':
      return
    case 'message':
      return writeMessage(encoder, body)
    case 'ack-request':
      return writeAckRequest(encoder, body)
    default:
      return unreachable(body)
  }
}

function writeMessage(encoder: encoding.Encoder, { from, to, hops, bytes }: MessageFrame): void {
  encoding.writeVarString(encoder, from)
  encoding.writeVarString(encoder, to)
  encoding.writeUint8(encoder, hops)
  encoding.writeVarUint8Array(encoder, bytes)
}

function writeAckRequest(encoder: encoding.Encoder, { token, marks }: AckRequest): void {
  encoding.writeVarUint(encoder, token)
  encoding.writeVarUint(encoder, marks.length)
  for (const { session, n } of marks) {
    encoding.writeVarUint(encoder, session)
    encoding.writeVarUint(encoder, n)
  }
}

function writeClaim(encoder: encoding.Encoder, claim: Claim): void {
  encoding.writeVarString(encoder, claim.id)
  switch (claim.type) {
    case 'member':
      writeRecord(encoder, claim.record)
      encoding.writeVarUint(encoder, claim.lease)
      break
    case 'suspect':
      encoding.writeVarUint(encoder, claim.incarnation)
      encoding.writeVarString(encoder, claim.by)
      break
    case 'leave':
      encoding.writeVarUint(encoder, claim.incarnation)
      break
    case 'presence':
      encoding.writeVarUint(encoder, claim.version)
      encoding.writeUint8(encoder, claim.frozen ? 1 : 0)
      encoding.writeVarUint8Array(encoder, claim.state)
      break
    default:
      return unreachable(claim)
  }
  writeProof(encoder, claim.proof)
}

function writeProof(encoder: encoding.Encoder, proof: Uint8Array | undefined): void {
  encoding.writeUint8(encoder, proof ? 1 : 0)
  if (proof) encoding.writeUint8Array(encoder, proof)
}

function writeAnnounced(encoder: encoding.Encoder, announced: readonly Announced[]): void {
  encoding.writeVarUint(encoder, announced.length)
  for (const { tag, from, to } of announced) {
    encoding.writeVarUint(encoder, tag)
    encoding.writeVarUint(encoder, from)
    encoding.writeVarUint(encoder, to - from)
  }
}

function readFields(decoder: decoding.Decoder, type: Frame['type']): Frame {
  switch (type) {
    case 'hello':
      return {
        type,
        topic: readWord(decoder),
        id: readWord(decoder),
        record: readRecord(decoder),
        lease: readInteger(decoder),
        ...readProof(decoder),
        links: readInteger(decoder),
        intent: readChoice(decoder, LINK_INTENTS),
      }
    case 'heartbeat':
      return {
        type,
        digest: readFixed(decoder, DIGEST_BYTES),
        time: readInteger(decoder),
        echo: readInteger(decoder),
        wall: readInteger(decoder),
        visibility: readChoice(decoder, VISIBILITIES),
        announced: readAnnounced(decoder),
        leases: readList(decoder, (from) => ({ tag: readInteger(from), lease: readInteger(from) })),
      }
    case 'gossip':
      return readGossip(decoder)
    case 'graft':
      return { type, tree: readInteger(decoder), wanted: readAnnounced(decoder) }
    case 'prune':
      return { type, tree: readInteger(decoder) }
    case 'interleave':
      return { type, step: readChoice(decoder, INTERLEAVE_STEPS), member: readWord(decoder) }
    case 'signal':
      return {
        type,
        from: readWord(decoder),
        to: readWord(decoder),
        hops: decoding.readUint8(decoder),
        payload: readText(decoder, SIGNAL_CHARACTERS_MAX),
      }
    case 'members':
      return { type, ask: readFlag(decoder), buckets: readList(decoder, readInteger) }
    case 'digest':
      return {
        type,
        replica: readFixed(decoder, DIGEST_BYTES),
        members: readInteger(decoder),
        ask: readFlag(decoder),
      }
    case 'sync-request':
      return { type, exchange: readInteger(decoder), summary: readBytes(decoder) }
    case 'sync-part':
      return readSyncPart(decoder)
    case 'sync-pull':
      return { type, exchange: readInteger(decoder), next: readInteger(decoder) }
    case 'sync-busy':
      return { type, exchange: readInteger(decoder) }
    case 'member':
    case 'suspect':
    case 'leave':
    case 'presence':
      return readClaim(decoder, type)
    case 'message':
      return readMessage(decoder)
    case 'disconnect':
      return { type, reason: readChoice(decoder, DISCONNECT_REASONS) }
    case 'ack-request':
      return { type, ...readAckRequest(decoder) }
    case 'ack':
      return {
        type,
        from: readWord(decoder),
        to: readWord(decoder),
        hops: decoding.readUint8(decoder),
        session: readInteger(decoder),
        token: readInteger(decoder),
      }
    default:
      return unreachable(type)
  }
}

function readGossip(decoder: decoding.Decoder): GossipFrame {
  const origin = readWord(decoder)
  const epoch = readInteger(decoder)
  const seq = readInteger(decoder)
  const round = readInteger(decoder)
  const flags = decoding.readUint8(decoder)
  if (flags > (OWN_TREE | SHAPES)) throw malformed('gossip: unknown flags')
  const ownTree = (flags & OWN_TREE) !== 0
  const shapes = (flags & SHAPES) !== 0
  return { type: 'gossip', origin, epoch, seq, round, ownTree, shapes, body: readBody(decoder) }
}

function readBody(decoder: decoding.Decoder): EnvelopeBody {
  const type = readChoice(decoder, BODY_TYPES)
  switch (type) {
    case 'update':
      return { type, update: readBytes(decoder) }
    case 'claims':
      return { type, claims: readList(decoder, (from) => readClaim(from, readChoice(from, CLAIM_TYPES))) }
    case 'beacon':
      return { type }
    case 'message':
      return readMessage(decoder)
    case 'ack-request':
      return { type, ...readAckRequest(decoder) }
    default:
      return unreachable(type)
  }
}

function readAckRequest(decoder: decoding.Decoder): AckRequest {
  const token = readInteger(decoder)
  const marks = readList(decoder, () => ({ session: readInteger(decoder), n: readInteger(decoder) }))
  if (marks.length === 0 || marks.length > ACK_MARKS_MAX) throw malformed('ack-request: 1 to 8 marks')
  return { token, marks }
}

function readClaim(decoder: decoding.Decoder, type: Claim['type']): Claim {
  const id = readWord(decoder)
  switch (type) {
    case 'member':
      return { type, id, record: readRecord(decoder), lease: readInteger(decoder), ...readProof(decoder) }
    case 'suspect':
      return {
        type,
        id,
        incarnation: readInteger(decoder),
        by: readWord(decoder),
        ...readProof(decoder),
      }
    case 'leave':
      return { type, id, incarnation: readInteger(decoder), ...readProof(decoder) }
    case 'presence':
      return {
        type,
        id,
        version: readInteger(decoder),
        frozen: readFlag(decoder),
        state: readBytes(decoder, PRESENCE_BYTES_MAX),
        ...readProof(decoder),
      }
    default:
      return unreachable(type)
  }
}

function readMessage(decoder: decoding.Decoder): MessageFrame {
  const from = readWord(decoder)
  const to = readText(decoder, 64)
  if (to !== '' && !isWord(to)) throw malformed('a message to no member')
  const hops = decoding.readUint8(decoder)
  return { type: 'message', from, to, hops, bytes: readBytes(decoder, APPLICATION_BYTES_MAX) }
}

function readProof(decoder: decoding.Decoder): { proof?: Uint8Array } {
  return readFlag(decoder) ? { proof: readFixed(decoder, PROOF_BYTES) } : {}
}

function readAnnounced(decoder: decoding.Decoder): Announced[] {
  return readList(decoder, () => {
    const tag = readInteger(decoder)
    const from = readInteger(decoder)
    const to = from + readInteger(decoder)
    if (!Number.isSafeInteger(to)) throw malformed('a sequence number beyond 2^53')
    return { tag, from, to }
  })
}

function readSyncPart(decoder: decoding.Decoder): Frame {
  const exchange = readInteger(decoder)
  const index = readInteger(decoder)
  const count = readInteger(decoder)
  if (index >= count) throw malformed('sync-part: the index is beyond the count')
  return { type: 'sync-part', exchange, index, count, bytes: readBytes(decoder) }
}

function readList<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): T[] {
  const count = readCount(decoder)
  const items: T[] = []
  for (let index = 0; index < count; index++) items.push(read(decoder))
  return items
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
