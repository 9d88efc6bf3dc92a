/**
 * Frames to data-channel messages of at most MESSAGE_BYTES_MAX; reassembly.ts turns them back. A message is a run of chunks: whole small
 * frames, batched; pieces of large ones, numbered, so that urgent frames overtake between them; and what the two
 * ends of a link tell each other: how much has arrived, and that nothing more follows. The channel is reliable and
 * ordered: pieces of one frame arrive in order, without gaps.
 */
import * as encoding from 'lib0/encoding'
import { UsageError } from '../../base/errors.js'
import type { Priority } from './frame.js'
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from './wire-limits.js'

/** `WHOLE length bytes` */
export const WHOLE = 0
/** `BEGIN number total length bytes`: the first piece of a frame of `total` bytes. */
export const BEGIN = 1
/** `CONTINUE number length bytes`: the next piece; the frame ends when `total` is reached. */
export const CONTINUE = 2
/** `ACKNOWLEDGE bytes`: what has arrived on this link in all, in bytes of messages. */
export const ACKNOWLEDGE = 3
/** `END`: the last chunk; its sender wants the link closed. */
export const END = 4
/** A message with less room than this is closed rather than filled with a sliver of a large frame. */
const PIECE_BYTES_MIN = 512
/** A larger chunk is cut: it would not fit into a message that begins with an acknowledgement. */
const WHOLE_BYTES_MAX = MESSAGE_BYTES_MAX - 16

// The message that is being put together: reused, since that happens in one go, and fresh memory is most of its cost.
const message = encoding.createEncoder()
message.cbuf = new Uint8Array(MESSAGE_BYTES_MAX)

/** A frame that waits, in one piece or in two. */
interface Waiting {
  start: Uint8Array
  rest: Uint8Array | undefined
  length: number
}

/** One lane of waiting frames; `sent` counts the bytes of the first one that have left already. */
interface Lane {
  frames: Waiting[]
  sent: number
  number: number
}

/** Takes frames and gives messages. Holds every frame until `next` has taken the last of it. */
export class Fragmenter {
  /** One of each priority. */
  readonly #lanes: readonly Lane[] = Array.from({ length: 4 }, () => ({ frames: [], sent: 0, number: 0 }))
  #numbers = 0
  #bytes = 0
  #acknowledgement: number | undefined
  #end: 'no' | 'wanted' | 'written' = 'no'

  /** Bytes of frames that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Frames that wait, one that has left in part included. */
  get frames(): number {
    return this.#lanes.reduce((sum, { frames }) => sum + frames.length, 0)
  }

  /** True while a frame of the first priority waits. */
  get urgent(): boolean {
    return this.#lanes[0]?.frames.length !== 0
  }

  /** Adds a frame, in one piece or in two; each priority keeps its order. @throws UsageError ERR_TOO_LARGE */
  push(start: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    const length = start.length + (rest?.length ?? 0)
    if (length === 0 || length > FRAME_BYTES_MAX) throw unsendable(length)
    if (this.#end !== 'no') return
    this.#lanes[priority]?.frames.push({ start, rest, length })
    this.#bytes += length
  }

  /** Lets the next message tell that `bytes` of messages have arrived in all. */
  acknowledge(bytes: number): void {
    this.#acknowledgement = bytes
  }

  /** Lets the end follow all that waits; nothing can be pushed after it. */
  end(): void {
    if (this.#end === 'no') this.#end = 'wanted'
  }

  /**
   * The next message, as full as it gets, or undefined when nothing waits. Without `frames`, an acknowledgement alone.
   * It lies where the next message of any fragmenter will: a caller that keeps it copies it.
   */
  next(frames = true): Uint8Array | undefined {
    message.cpos = 0
    let room = MESSAGE_BYTES_MAX - this.#writeAcknowledgement()
    while (frames) {
      const used = this.#writeNext(room)
      if (used === 0) break
      room -= used
    }
    return room === MESSAGE_BYTES_MAX ? undefined : message.cbuf.subarray(0, message.cpos)
  }

  /** The lane whose turn it is. Only urgent frames go between the pieces of another one: a peer waits for those in vain else. */
  get #lane(): Lane | undefined {
    if (this.urgent) return this.#lanes[0]
    return this.#lanes.find(({ sent }) => sent > 0) ?? this.#lanes.find(({ frames }) => frames.length > 0)
  }

  #writeAcknowledgement(): number {
    if (this.#acknowledgement === undefined) return 0
    encoding.writeVarUint(message, ACKNOWLEDGE)
    encoding.writeVarUint(message, this.#acknowledgement)
    this.#acknowledgement = undefined
    return encoding.length(message)
  }

  #writeNext(room: number): number {
    const lane = this.#lane
    const frame = lane?.frames[0]
    if (lane && frame) return this.#writeChunk(lane, frame, room)
    if (this.#end !== 'wanted' || room === 0) return 0
    this.#end = 'written'
    encoding.writeVarUint(message, END)
    return 1
  }

  /** Writes a frame or a piece of it into `room` bytes; answers the bytes used, 0 when it should wait for the next message. */
  #writeChunk(lane: Lane, frame: Waiting, room: number): number {
    const whole = 1 + varUintBytes(frame.length) + frame.length
    if (lane.sent > 0 || whole > WHOLE_BYTES_MAX) return this.#writePiece(lane, frame, room)
    if (whole > room) return 0
    encoding.writeVarUint(message, WHOLE)
    encoding.writeVarUint(message, frame.length)
    this.#take(lane, frame, frame.length)
    return whole
  }

  #writePiece(lane: Lane, frame: Waiting, room: number): number {
    if (room < PIECE_BYTES_MIN) return 0
    const first = lane.sent === 0
    if (first) lane.number = ++this.#numbers
    const before = encoding.length(message)
    encoding.writeVarUint(message, first ? BEGIN : CONTINUE)
    encoding.writeVarUint(message, lane.number)
    if (first) encoding.writeVarUint(message, frame.length)
    const headBytes = encoding.length(message) - before
    // The length is at most MESSAGE_BYTES_MAX: as a varint never more than 3 bytes.
    const length = Math.min(frame.length - lane.sent, room - headBytes - 3)
    encoding.writeVarUint(message, length)
    this.#take(lane, frame, length)
    return headBytes + varUintBytes(length) + length
  }

  /** Writes the next bytes of a frame. */
  #take(lane: Lane, { start, rest, length: whole }: Waiting, length: number): void {
    const [from, to] = [lane.sent, lane.sent + length]
    if (from < start.length) encoding.writeUint8Array(message, start.subarray(from, to))
    if (rest && to > start.length)
      encoding.writeUint8Array(message, rest.subarray(Math.max(0, from - start.length), to - start.length))
    lane.sent = to
    this.#bytes -= length
    if (to < whole) return
    lane.frames.shift()
    lane.sent = 0
  }
}

function varUintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : 3
}

function unsendable(bytes: number): UsageError {
  return new UsageError(
    'ERR_TOO_LARGE',
    `A frame of ${bytes} bytes cannot be sent; it has 1 to ${FRAME_BYTES_MAX} bytes`,
    {
      why: 'Larger content is cut into parts before it is encoded',
      fix: 'Report it: this is a defect of gossip-kv',
    },
  )
}
