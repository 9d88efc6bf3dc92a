/**
 * Frames to bytes and back, in lib0's variable-length encoding. Decoding checks every length against the bytes
 * that are there before it allocates, and accepts no byte beyond the end of a frame.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { takeWritten } from '../../base/bytes.js'
import { ProtocolError } from '../../base/errors.js'
import { malformed, tooLarge, versionMismatch } from './fields.js'
import { type EnvelopeBody, type Frame, PROTOCOL_VERSION, type SyncPartFrame } from './frame.js'
import { BODIES, body, envelope, flags, partHead } from './frame-layouts.js'
import { FRAMES, typeOfTag } from './frames.js'
import { choice, integer, type Layout } from './layout.js'
import { FRAME_BYTES_MAX } from './wire-limits.js'

// Reused: a frame is encoded in one go, and a large one should be copied once.
const encoder = encoding.createEncoder()

/** Encodes a frame. The caller keeps within FRAME_BYTES_MAX. */
export function encodeFrame(frame: Frame): Uint8Array {
  begin(frame)
  const layout = FRAMES[frame.type].layout as Layout<Frame>
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
  for (const head of [PROTOCOL_VERSION, FRAMES[type].tag, 0]) encoding.writeUint8(encoder, head)
}

/**
 * Whose envelope a frame is and what lies in it, without reading that; undefined for every other frame. It reads as
 * `decodeFrame` does: numbers have more than one spelling. @throws what `decodeFrame` throws, or lib0 at an end
 */
export function peekEnvelope(bytes: Uint8Array): { origin: string; body: EnvelopeBody['type'] } | undefined {
  if (bytes[1] !== FRAMES.gossip.tag) return undefined
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
  const type = typeOfTag(bytes[1])
  if (type === undefined) return undefined
  const decoder = decoding.createDecoder(bytes)
  decoder.pos = 3
  try {
    const frame = FRAMES[type].layout.read(decoder, { type })
    if (decoding.hasContent(decoder)) throw malformed(`${type}: bytes beyond the end`)
    return frame as Frame
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw malformed(`${type}: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}
