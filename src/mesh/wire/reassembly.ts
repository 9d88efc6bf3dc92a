/**
 * Data-channel messages back to frames (see fragment.ts). Every length is checked before anything is allocated, and
 * what a peer may leave unfinished is bounded in frames, bytes and time.
 */

import * as decoding from 'lib0/decoding'
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { ProtocolError } from '../../base/errors.js'
import { ACKNOWLEDGE, BEGIN, CONTINUE, END, WHOLE } from './fragment.js'
import {
  FRAME_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  REASSEMBLY_BYTES_MAX,
  REASSEMBLY_FRAMES_MAX,
  REASSEMBLY_MILLIS_MAX,
} from './wire-limits.js'

/** A large frame on its way in. `bytes` has its full size from the start: many tiny pieces cost no more than few. */
interface Partial {
  bytes: Uint8Array
  received: number
  since: number
}

/** Takes messages and gives frames. One that threw is of no further use: its link must end. */
export class Reassembler {
  /** Bytes of frames that may be unfinished at once. */
  bytesMax = REASSEMBLY_BYTES_MAX
  /** In order of their begin: the first is the oldest. */
  readonly #partials = new Map<number, Partial>()
  #bytes = 0
  #received = 0
  #acknowledged = 0
  #ended = false

  /** Bytes of messages that have arrived in all. */
  get received(): number {
    return this.#received
  }

  /** Bytes of messages of which the peer says that they have arrived there. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** True while a part of a frame has come. */
  get unfinished(): boolean {
    return this.#partials.size > 0
  }

  /** True once the peer has said that nothing more follows. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * The frames that `message` completes, in order, as copies. `now` is monotonic, in milliseconds.
   * @throws ProtocolError ERR_FRAME_MALFORMED, ERR_FRAME_TOO_LARGE, ERR_REASSEMBLY_LIMIT
   */
  receive(message: Uint8Array, now: number): Uint8Array[] {
    if (message.length === 0 || message.length > MESSAGE_BYTES_MAX)
      throw malformed(`a message of ${message.length} bytes`)
    this.#checkAge(now)
    this.#received += message.length
    const frames: Uint8Array[] = []
    const decoder = decoding.createDecoder(message)
    while (decoding.hasContent(decoder)) {
      const frame = this.#readChunk(decoder, now)
      if (frame !== undefined) frames.push(frame)
    }
    return frames
  }

  #readChunk(decoder: decoding.Decoder, now: number): Uint8Array | undefined {
    if (this.#ended) throw malformed('a chunk after the end')
    const kind = readInteger(decoder)
    switch (kind) {
      case WHOLE:
        return readBytes(decoder).slice()
      case BEGIN:
        return this.#begin(decoder, now)
      case CONTINUE:
        return this.#continue(decoder)
      case ACKNOWLEDGE:
        return this.#acknowledge(readInteger(decoder))
      case END:
        this.#ended = true
        return undefined
      default:
        throw malformed(`a chunk of kind ${kind}`)
    }
  }

  #acknowledge(bytes: number): undefined {
    if (bytes < this.#acknowledged) throw malformed('an acknowledgement that goes back')
    this.#acknowledged = bytes
  }

  #begin(decoder: decoding.Decoder, now: number): undefined {
    const number = readInteger(decoder)
    const total = readInteger(decoder)
    if (this.#partials.has(number)) throw malformed(`frame ${number} begins twice`)
    if (total > FRAME_BYTES_MAX) throw tooLarge(total)
    const piece = readBytes(decoder)
    if (piece.length >= total) throw malformed('a piece that is no piece')
    this.#checkRoom(total)
    const bytes = new Uint8Array(total)
    bytes.set(piece)
    this.#bytes += total
    this.#partials.set(number, { bytes, received: piece.length, since: now })
  }

  #continue(decoder: decoding.Decoder): Uint8Array | undefined {
    const number = readInteger(decoder)
    const partial = this.#partials.get(number)
    if (partial === undefined) throw malformed(`a piece of frame ${number}, which has not begun`)
    const piece = readBytes(decoder)
    if (piece.length > partial.bytes.length - partial.received)
      throw malformed(`frame ${number} is longer than it said`)
    partial.bytes.set(piece, partial.received)
    partial.received += piece.length
    if (partial.received < partial.bytes.length) return undefined
    this.#partials.delete(number)
    this.#bytes -= partial.bytes.length
    return partial.bytes
  }

  #checkRoom(total: number): void {
    if (this.#partials.size >= REASSEMBLY_FRAMES_MAX)
      throw limited(`more than ${REASSEMBLY_FRAMES_MAX} frames at once`)
    if (this.#bytes + total > this.bytesMax) throw limited(`more than ${this.bytesMax} bytes at once`)
  }

  #checkAge(now: number): void {
    for (const { since } of this.#partials.values()) {
      if (now - since > REASSEMBLY_MILLIS_MAX)
        throw limited(`a frame unfinished after ${REASSEMBLY_MILLIS_MAX} ms`)
      return
    }
  }
}

function readInteger(decoder: decoding.Decoder): number {
  try {
    return decoding.readVarUint(decoder)
  } catch (cause) {
    throw malformed('a number that is cut off or too great', cause)
  }
}

function readBytes(decoder: decoding.Decoder): Uint8Array {
  const length = readInteger(decoder)
  if (length === 0) throw malformed('an empty chunk')
  if (length > decoder.arr.length - decoder.pos) throw malformed('a chunk beyond the end of its message')
  return decoding.readUint8Array(decoder, length)
}

function malformed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('ERR_FRAME_MALFORMED', `A message on a link could not be read (${what})`, {
    ...MESH_CATALOGUE.ProtocolError.ERR_FRAME_MALFORMED,
    cause,
  })
}

function tooLarge(bytes: number): ProtocolError {
  return new ProtocolError(
    'ERR_FRAME_TOO_LARGE',
    `A peer announced a frame of ${bytes} bytes; the limit is ${FRAME_BYTES_MAX}`,
    MESH_CATALOGUE.ProtocolError.ERR_FRAME_TOO_LARGE,
  )
}

function limited(what: string): ProtocolError {
  return new ProtocolError(
    'ERR_REASSEMBLY_LIMIT',
    `A peer left frames unfinished (${what})`,
    MESH_CATALOGUE.ProtocolError.ERR_REASSEMBLY_LIMIT,
  )
}
