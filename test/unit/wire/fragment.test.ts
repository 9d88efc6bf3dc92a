import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import { GossipKvError } from '../../../src/base/errors.js'
import { randomInteger, seededRandom } from '../../../src/base/random.js'
import { ACKNOWLEDGE, BEGIN, CONTINUE, END, Fragmenter, WHOLE } from '../../../src/mesh/wire/fragment.js'
import { Reassembler } from '../../../src/mesh/wire/reassembly.js'
import {
  FRAME_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  REASSEMBLY_FRAMES_MAX,
} from '../../../src/mesh/wire/wire-limits.js'

/** A frame whose bytes tell whether they came through whole and in order. */
function frameOf(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed) & 0xff
  return bytes
}

function messagesOf(fragmenter: Fragmenter): Uint8Array[] {
  const messages: Uint8Array[] = []
  for (let message = fragmenter.next(); message !== undefined; message = fragmenter.next())
    messages.push(message.slice())
  return messages
}

function chunk(...parts: (number | Uint8Array)[]): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  }
  return encoding.toUint8Array(encoder)
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof GossipKvError) return error.code
    throw error
  }
  return 'no error'
}

const ONE = new Uint8Array(1)

describe('fragmenter and reassembler', () => {
  it('give back frames of every size around the borders, in order', () => {
    const sizes = [1, 2, 127, 128, 16_379, 16_380, 16_381, 16_383, 16_384, 16_385, 60_000, FRAME_BYTES_MAX]
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    sizes.forEach((size, i) => {
      fragmenter.push(frameOf(size, i), 1)
    })
    const frames = messagesOf(fragmenter).flatMap((message) => reassembler.receive(message, 0))
    expect(frames).to.deep.equal(sizes.map(frameOf))
    expect([fragmenter.bytes, fragmenter.frames]).to.deep.equal([0, 0])
  })

  it('never make a message above the limit, whatever is pushed', () => {
    const random = seededRandom(7)
    for (let run = 0; run < 50; run++) {
      const fragmenter = new Fragmenter()
      const reassembler = new Reassembler()
      const [urgent, normal]: [Uint8Array[], Uint8Array[]] = [[], []]
      const received: Uint8Array[] = []
      for (let i = 0; i < 60; i++) {
        const frame = frameOf(1 + randomInteger(random, random() < 0.2 ? 50_000 : 900), i)
        const isUrgent = random() < 0.3
        fragmenter.push(frame, isUrgent ? 0 : 1)
        ;(isUrgent ? urgent : normal).push(frame)
        const message = random() < 0.4 ? fragmenter.next() : undefined
        if (message !== undefined) received.push(...reassembler.receive(message, i))
      }
      for (const message of messagesOf(fragmenter)) {
        expect(message.length).to.be.at.most(MESSAGE_BYTES_MAX)
        received.push(...reassembler.receive(message, 60))
      }
      const text = (frames: Uint8Array[]) => frames.map((frame) => `${frame.length}:${frame[0]}`)
      const isOf = (frames: Uint8Array[]) => new Set(text(frames))
      expect(text(received).filter((f) => isOf(normal).has(f))).to.include.ordered.members(text(normal))
      expect(received.length).to.equal(60)
      expect(text(received).sort()).to.deep.equal(text([...urgent, ...normal]).sort())
    }
  })

  it('make the same messages of a frame in two pieces as of the whole', () => {
    for (const size of [2, 200, 16_300, 16_384, 20_000, 70_000])
      for (const cut of [0, 1, 40, size - 1, size].filter((at) => at <= size)) {
        const [whole, pieces] = [new Fragmenter(), new Fragmenter()]
        const frame = frameOf(size, cut)
        whole.push(frame, 1)
        pieces.push(frame.subarray(0, cut), 1, frame.subarray(cut))
        expect(pieces.bytes).to.equal(size)
        expect(messagesOf(pieces)).to.deep.equal(messagesOf(whole))
        expect([pieces.bytes, pieces.frames]).to.deep.equal([0, 0])
      }
  })

  it('batch small frames into one message', () => {
    const fragmenter = new Fragmenter()
    for (let i = 0; i < 100; i++) fragmenter.push(frameOf(100, i), 1)
    expect(messagesOf(fragmenter).length).to.equal(1)
  })

  it('leave in order of their priority, and never begin a second large frame before the first has left', () => {
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    fragmenter.push(frameOf(50_000, 3), 3)
    const messages: Uint8Array[] = [fragmenter.next()?.slice() ?? new Uint8Array()]
    for (const priority of [3, 2, 1] as const) fragmenter.push(frameOf(40_000, priority), priority)
    messages.push(...messagesOf(fragmenter))
    const received = messages.flatMap((message) => reassembler.receive(message, 0))
    expect(received.map((frame) => [frame.length, frame[0]])).to.deep.equal([
      [50_000, 3],
      [40_000, 1],
      [40_000, 2],
      [40_000, 3],
    ])
  })

  it('let an urgent frame overtake between the pieces of a large one', () => {
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    fragmenter.push(frameOf(100_000, 1), 1)
    const first = fragmenter.next()?.slice() ?? new Uint8Array()
    fragmenter.push(frameOf(10, 2), 0)
    const lengths = [first, ...messagesOf(fragmenter)].map((message) =>
      reassembler.receive(message, 0).map((frame) => frame.length),
    )
    expect(lengths[0]).to.deep.equal([])
    expect(lengths[1]).to.deep.equal([10])
    expect(lengths.at(-1)).to.deep.equal([100_000])
  })

  it('hand out frames that do not share memory with the message', () => {
    const message = chunk(WHOLE, frameOf(4, 1))
    const [frame] = new Reassembler().receive(message, 0)
    message.fill(0)
    expect(frame).to.deep.equal(frameOf(4, 1))
  })

  it('refuse to send an empty frame and one above the limit', () => {
    const fragmenter = new Fragmenter()
    expect(codeOf(() => fragmenter.push(new Uint8Array(), 1))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => fragmenter.push(new Uint8Array(FRAME_BYTES_MAX + 1), 1))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => fragmenter.push(ONE, 1, new Uint8Array(FRAME_BYTES_MAX)))).to.equal('ERR_TOO_LARGE')
    expect(fragmenter.next()).to.equal(undefined)
  })
})

describe('the two ends of a link', () => {
  it('tell each other how much has arrived, ahead of the frames that wait', () => {
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    fragmenter.push(frameOf(16_000, 1), 1)
    fragmenter.push(frameOf(16_000, 2), 1)
    fragmenter.acknowledge(70_000)
    const [first, ...others] = messagesOf(fragmenter)
    expect(first && reassembler.receive(first, 0)).to.have.length(1)
    expect(reassembler.acknowledged).to.equal(70_000)
    expect(others).to.have.length(1)
    expect(reassembler.received).to.equal(first?.length)
  })

  it('can acknowledge while no frame may leave', () => {
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    fragmenter.push(frameOf(100, 1), 1)
    fragmenter.acknowledge(9)
    expect(reassembler.receive(fragmenter.next(false) ?? ONE, 0)).to.deep.equal([])
    expect([reassembler.acknowledged, fragmenter.frames]).to.deep.equal([9, 1])
    expect(fragmenter.next(false)).to.equal(undefined)
  })

  it('end once, after all that waited', () => {
    const fragmenter = new Fragmenter()
    const reassembler = new Reassembler()
    fragmenter.push(frameOf(40_000, 1), 1)
    fragmenter.end()
    fragmenter.push(frameOf(5, 2), 0)
    const messages = messagesOf(fragmenter)
    const frames = messages.slice(0, -1).flatMap((message) => reassembler.receive(message, 0))
    expect(reassembler.ended).to.equal(false)
    frames.push(...reassembler.receive(messages.at(-1) ?? ONE, 0))
    expect(frames.map((frame) => frame.length)).to.deep.equal([40_000])
    expect(reassembler.ended).to.equal(true)
    fragmenter.end()
    expect(fragmenter.next()).to.equal(undefined)
  })
})

describe('a reassembler that meets a hostile peer', () => {
  const malformed: [string, Uint8Array][] = [
    ['an empty message', new Uint8Array()],
    ['a message above the limit', new Uint8Array(MESSAGE_BYTES_MAX + 1)],
    ['an unknown kind of chunk', chunk(5)],
    ['a chunk after the end', chunk(END, WHOLE, ONE)],
    ['an acknowledgement that goes back', chunk(ACKNOWLEDGE, 5, ACKNOWLEDGE, 4)],
    ['a chunk without its length', chunk(WHOLE)],
    ['an empty frame', chunk(WHOLE, 0)],
    ['a length beyond the end', chunk(WHOLE, 5)],
    ['a length of 2^53', chunk(WHOLE, Number.MAX_SAFE_INTEGER)],
    ['a number that never ends', new Uint8Array(20).fill(0xff)],
    ['a piece of a frame that has not begun', chunk(CONTINUE, 1, ONE)],
    ['a frame that begins twice', chunk(BEGIN, 1, 9, ONE, BEGIN, 1, 9, ONE)],
    ['a first piece as long as its frame', chunk(BEGIN, 1, 1, ONE)],
    ['an empty piece', chunk(BEGIN, 1, 9, 0)],
    ['pieces longer than their frame', chunk(BEGIN, 1, 2, ONE, CONTINUE, 1, new Uint8Array(2))],
  ]
  for (const [what, message] of malformed) {
    it(`refuses ${what}`, () => {
      expect(codeOf(() => new Reassembler().receive(message, 0))).to.equal('ERR_FRAME_MALFORMED')
    })
  }

  it('refuses a frame announced one byte above the limit', () => {
    const begin = (total: number) => () => new Reassembler().receive(chunk(BEGIN, 1, total, ONE), 0)
    expect(codeOf(begin(FRAME_BYTES_MAX + 1))).to.equal('ERR_FRAME_TOO_LARGE')
    expect(codeOf(begin(FRAME_BYTES_MAX))).to.equal('no error')
  })

  it('refuses one unfinished frame more than the limit', () => {
    const reassembler = new Reassembler()
    for (let i = 0; i < REASSEMBLY_FRAMES_MAX; i++) reassembler.receive(chunk(BEGIN, i, 2, ONE), 0)
    expect(codeOf(() => reassembler.receive(chunk(BEGIN, 99, 2, ONE), 0))).to.equal('ERR_REASSEMBLY_LIMIT')
  })

  it('has room again when an unfinished frame completes', () => {
    const reassembler = new Reassembler()
    for (let i = 0; i < REASSEMBLY_FRAMES_MAX; i++) reassembler.receive(chunk(BEGIN, i, 2, ONE), 0)
    expect(reassembler.receive(chunk(CONTINUE, 3, ONE), 0)).to.have.length(1)
    expect(codeOf(() => reassembler.receive(chunk(BEGIN, 99, 2, ONE), 0))).to.equal('no error')
  })

  it('refuses one announced byte more than the limit', () => {
    const reassembler = new Reassembler()
    reassembler.bytesMax = 100
    reassembler.receive(chunk(BEGIN, 1, 98, ONE), 0)
    expect(codeOf(() => reassembler.receive(chunk(BEGIN, 2, 2, ONE), 0))).to.equal('no error')
    expect(codeOf(() => reassembler.receive(chunk(BEGIN, 3, 2, ONE), 0))).to.equal('ERR_REASSEMBLY_LIMIT')
  })

  it('refuses a frame that is unfinished one millisecond after its time', () => {
    const reassembler = new Reassembler()
    reassembler.receive(chunk(BEGIN, 1, 3, ONE), 1000)
    expect(codeOf(() => reassembler.receive(chunk(CONTINUE, 1, ONE), 11_000))).to.equal('no error')
    expect(codeOf(() => reassembler.receive(chunk(WHOLE, ONE), 11_001))).to.equal('ERR_REASSEMBLY_LIMIT')
  })

  it('answers random bytes with frames or a typed error, never anything else', () => {
    const random = seededRandom(11)
    let refused = 0
    for (let run = 0; run < 5000; run++) {
      const message = new Uint8Array(1 + randomInteger(random, 40)).map(() => randomInteger(random, 8))
      const code = codeOf(() => new Reassembler().receive(message, 0))
      if (code !== 'no error') refused++
      expect(code).to.be.oneOf(['no error', 'ERR_FRAME_MALFORMED', 'ERR_FRAME_TOO_LARGE'])
    }
    expect(refused).to.be.above(2500)
  })
})
