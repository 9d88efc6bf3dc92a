/** Every reader that is fuzzed. A new reader of what comes from outside gets a line here. */
import { Fuzz } from '../../bench/fuzz.js'
import { Victim } from '../../bench/victim.js'
import { ProtocolError } from '../../src/base/errors.js'
import { addressScope } from '../../src/base/ip-address.js'
import { randomInteger } from '../../src/base/random.js'
import { CANDIDATES_MAX } from '../../src/mesh/links/link-limits.js'
import { candidateKind, cleanDescription } from '../../src/mesh/links/signal-filter.js'
import { decodeFrame, encodeFrame } from '../../src/mesh/wire/codec.js'
import { Reassembler } from '../../src/mesh/wire/reassembly.js'
import { parseClientMessage, parseServerMessage, parseSignal } from '../../src/mesh/wire/signal.js'
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from '../../src/mesh/wire/wire-limits.js'
import { EngineLab } from '../hostile/engine-lab.js'
import { CANDIDATE, frameBytes, messages, SDP, signalingTexts } from './samples.js'
import { handshakeTarget, sealsTarget } from './secured.js'
import { bytesTarget, type Target, textTarget } from './target.js'

/** An engine remembers what it was told; a fresh one now and then keeps cases apart enough to be played again. */
const ENGINE_CASES = 64
const REPLAYED = 'evil'

/** In the order in which `npm run fuzz` lists them. */
export const TARGETS: readonly Target[] = [
  bytesTarget(
    'frames',
    'bytes of a link as a frame; what is read is written and read again',
    frameBytes,
    takeFrame,
  ),
  engineTarget(),
  bytesTarget('fragments', 'messages of a data channel, cut anywhere, as frames', messages, takeMessages),
  textTarget('signaling', 'what clients, servers and peers say at signaling', signalingTexts, takeSignaling),
  textTarget(
    'descriptions',
    'session descriptions, candidates and addresses',
    () => [SDP, CANDIDATE, '::ffff:127.0.0.1'],
    takeDescription,
  ),
  updatesTarget(),
  handshakeTarget(),
  sealsTarget(),
]

function takeFrame(bytes: Uint8Array): string {
  const frame = tolerant(() => decodeFrame(bytes))
  if (typeof frame === 'string') return frame
  if (frame === undefined) return 'unknown'
  const again = decodeFrame(encodeFrame(frame))
  if (JSON.stringify(again) !== JSON.stringify(frame))
    throw new Error(`${frame.type} is read as it was not written`)
  return frame.type
}

/** A member with two links takes what decodes as a frame of one of them. */
function engineTarget(): Target {
  const inner = bytesTarget('frames', '', frameBytes, takeFrame)
  return {
    name: 'engine',
    about: 'frames that decode, as a member with two neighbors takes them',
    memory: ENGINE_CASES,
    cases(seed) {
      const { show } = inner.cases(seed)
      let lab = engineLab()
      return {
        show,
        run(index) {
          if (index % ENGINE_CASES === 0 || lab.engine.view.size < 2) lab = engineLab()
          const frame = tolerant(() => decodeFrame(new Uint8Array(Buffer.from(show(index), 'hex'))))
          if (typeof frame === 'string') return frame
          lab.now += 1
          if (frame) lab.frame(REPLAYED, frame)
          if (index % 8 === 0) lab.give({ type: 'tick' })
          return frame?.type ?? 'unknown'
        },
      }
    },
  }
}

function engineLab(): EngineLab {
  const lab = new EngineLab()
  lab.link(REPLAYED)
  lab.link('honest')
  return lab
}

function takeMessages(bytes: Uint8Array, random: () => number): string {
  const reassembler = new Reassembler()
  let frames = 0
  const isCut = randomInteger(random, 4) === 0
  for (let at = 0; at < bytes.length; ) {
    const most = isCut ? 1 + randomInteger(random, MESSAGE_BYTES_MAX + 1) : MESSAGE_BYTES_MAX
    const length = Math.min(most, bytes.length - at)
    const read = tolerant(() => reassembler.receive(bytes.slice(at, at + length), at))
    if (typeof read === 'string') return read
    if (read.some((frame) => frame.length > FRAME_BYTES_MAX)) throw new Error('a frame beyond its bound')
    frames += read.length
    at += length
  }
  return frames === 0 ? 'no frame' : 'frames'
}

function takeSignaling(text: string): string {
  const read = [parseClientMessage(text), parseServerMessage(text), parseSignal(text)]
  for (const message of read) if (message !== undefined) checkPlain(message, 0)
  return read.find((message) => message !== undefined)?.type ?? 'malformed'
}

function takeDescription(text: string): string {
  if (addressScope(text)) return 'address'
  if (candidateKind(text, ['loopback'])) return 'candidate'
  let taken = 0
  const clean = cleanDescription(
    text,
    (candidate) => candidateKind(candidate) !== undefined && ++taken <= CANDIDATES_MAX,
  )
  if (clean === undefined) return 'malformed'
  if (cleanDescription(clean, () => true) === undefined) throw new Error('what was cleaned is not clean')
  if (/^c=(?!IN IP4 0\.0\.0\.0$)/m.test(clean.replaceAll('\r', ''))) throw new Error('an address got through')
  return 'description'
}

/** Updates, differences, summaries, checkpoints: the mutated and assembled ones of `npm run bench -- hostile`. */
function updatesTarget(): Target {
  return {
    name: 'updates',
    about: 'updates, differences, summaries and checkpoints, as a replica takes them',
    cases(seed) {
      const fuzz = new Fuzz(seed)
      let victim = new Victim()
      return {
        show: (index) => Buffer.from(fuzz.case(index).bytes).toString('hex'),
        run(index) {
          const { through, bytes } = fuzz.case(index)
          const { outcome, touched, half, pending, roots, threw } = victim.judge(through, bytes)
          if (touched || half) victim = new Victim()
          if (half || pending || roots || threw) throw new Error(`${outcome}: taken in part, or held back`)
          return outcome.split(' ')[0] ?? ''
        },
      }
    },
  }
}

/** What `read` answers, or the code of a ProtocolError, which is an answer; anything else is thrown on. */
function tolerant<T>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

/** Only plain data that JSON can hold, without inherited surprises. */
function checkPlain(value: unknown, depth: number): void {
  if (depth > 5) throw new Error('it nests deeper than any message')
  if (Array.isArray(value)) for (const item of value) checkPlain(item, depth + 1)
  else if (typeof value === 'object' && value !== null) {
    if (Object.getPrototypeOf(value) !== Object.prototype) throw new Error('an object that is not plain')
    for (const [key, field] of Object.entries(value)) {
      if (['__proto__', 'constructor', 'prototype'].includes(key))
        throw new Error(`the key ${key} got through`)
      checkPlain(field, depth + 1)
    }
  }
}
