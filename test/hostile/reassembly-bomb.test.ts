/** A linked peer sends messages that announce much, finish nothing, or are none, over a real data channel. */
import { expect } from 'chai'
import { pack } from '../../bench/packing.js'
import { BEGIN, CONTINUE, END, WHOLE } from '../../src/mesh/wire/fragment.js'
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX, REASSEMBLY_FRAMES_MAX } from '../../src/mesh/wire/wire-limits.js'
import { linked, type TestMember, TestMesh } from '../unit/transport/linked-pair.js'
import { until } from '../until.js'
import { rawRtc } from './attacker.js'

const ONE = Uint8Array.of(1)
/** What a channel sends. */
type Message = Uint8Array<ArrayBuffer> | string
const begins = (count: number, total: number) =>
  Array.from({ length: count }, (_, i) => pack(BEGIN, i + 1, total, 1, ONE) as Message)

const BOMBS: [name: string, code: string, messages: Message[]][] = [
  ['a message one byte over 16 KiB', 'ERR_FRAME_MALFORMED', [new Uint8Array(MESSAGE_BYTES_MAX + 1)]],
  ['a frame announced one byte too large', 'ERR_FRAME_TOO_LARGE', begins(1, FRAME_BYTES_MAX + 1)],
  ['a frame announced with 2^40 bytes', 'ERR_FRAME_TOO_LARGE', begins(1, 2 ** 40)],
  [
    'nine frames begun and none finished',
    'ERR_REASSEMBLY_LIMIT',
    begins(REASSEMBLY_FRAMES_MAX + 1, FRAME_BYTES_MAX),
  ],
  ['a piece of a frame that never began', 'ERR_FRAME_MALFORMED', [pack(CONTINUE, 7, 1, ONE) as Message]],
  ['a chunk that is longer than its message', 'ERR_FRAME_MALFORMED', [pack(WHOLE, 2 ** 31) as Message]],
  ['an empty chunk', 'ERR_FRAME_MALFORMED', [pack(WHOLE, 0) as Message]],
  ['a chunk after the end', 'ERR_FRAME_MALFORMED', [pack(END, WHOLE, 1, ONE) as Message]],
  ['a text', 'ERR_FRAME_MALFORMED', ['\u0009 is no chunk']],
  ['a number that never ends', 'ERR_FRAME_MALFORMED', [new Uint8Array(12).fill(255)]],
]

describe('a reassembly bomb', () => {
  let mesh: TestMesh
  let victim: TestMember
  let honest: TestMember

  beforeEach(async () => {
    mesh = new TestMesh()
    victim = await mesh.join('m')
    honest = await mesh.join('h')
    honest.links.dial('m')
    await linked(victim, honest)
  })
  afterEach(() => mesh.close())

  /** A peer with its hand on the channel. */
  async function attacker(id: string): Promise<(message: Message) => void> {
    const { webrtc, channels } = rawRtc()
    const peer = await mesh.join(id, { webrtc })
    peer.links.dial('m')
    await linked(victim, peer)
    return (message) => {
      const channel = channels.at(-1)
      if (typeof message === 'string') channel?.send(message)
      else channel?.send(message)
    }
  }

  for (const [name, code, messages] of BOMBS) {
    it(`ends its link and nothing else: ${name}`, async () => {
      const send = await attacker('evil')
      for (const message of messages) send(message)
      await until(() => victim.log.includes('down evil'), 'the link of the attacker ends')
      expect(victim.errors.map((error) => error.code)).to.deep.equal([code])
      honest.links.send('m', Uint8Array.of(42), 1)
      await until(() => victim.frames.some(({ from }) => from === 'h'), 'the honest one is heard')
      expect(victim.log).to.not.include('down h')
    })
  }

  it('holds at most 8 frames of its peer in memory, however often it comes back', async () => {
    const heap = () => {
      ;(globalThis as { gc?: () => void }).gc?.()
      return process.memoryUsage().arrayBuffers
    }
    const before = heap()
    for (let i = 0; i < 5; i++) {
      const send = await attacker(`evil${i}`)
      for (const message of begins(REASSEMBLY_FRAMES_MAX + 1, FRAME_BYTES_MAX)) send(message)
      await until(() => victim.log.includes(`down evil${i}`), 'the link ends')
    }
    expect(heap() - before).to.be.below(6 * REASSEMBLY_FRAMES_MAX * FRAME_BYTES_MAX)
  })
})
