import { expect } from 'chai'
import { QUEUE_BYTES_MAX, QUEUE_FRAMES_MAX } from '../../../src/mesh/links/link-limits.js'
import {
  BUFFERED_BYTES_MAX,
  DRAINED_LINK_BYTES,
  SendQueue,
  SLOW_LINK_FRAMES,
  WINDOW_BYTES,
} from '../../../src/mesh/links/send-queue.js'
import { Reassembler } from '../../../src/mesh/wire/reassembly.js'
import { MESSAGE_BYTES_MAX, SLOW_LINK_BYTES } from '../../../src/mesh/wire/wire-limits.js'

/** A queue whose messages are kept, and a receiver that acknowledges when it is told to. */
function queueAndReceiver() {
  const messages: Uint8Array[] = []
  const log: string[] = []
  const queue = new SendQueue({
    message: (bytes) => messages.push(bytes.slice()),
    drained: () => log.push('drained'),
    overloaded: (bytes, frames) => log.push(`overloaded ${bytes} ${frames}`),
  })
  const sentBytes = () => messages.reduce((sum, message) => sum + message.length, 0)
  return { queue, messages, log, sentBytes }
}

const microtasks = () => Promise.resolve().then(() => {})

describe('a send queue', () => {
  it('sends the frames of one turn in one message, after the turn', async () => {
    const { queue, messages } = queueAndReceiver()
    for (let i = 0; i < 50; i++) queue.push(new Uint8Array(20), 1)
    expect(messages).to.have.length(0)
    await microtasks()
    expect(messages).to.have.length(1)
    expect(queue.slow).to.equal(false)
  })

  it('lets urgent frames leave first', async () => {
    const { queue, messages } = queueAndReceiver()
    queue.push(new Uint8Array([1]), 1)
    queue.push(new Uint8Array([2]), 0)
    await microtasks()
    const frames = messages.flatMap((message) => new Reassembler().receive(message, 0))
    expect(frames.map((frame) => frame[0])).to.deep.equal([2, 1])
  })

  it('keeps a window unacknowledged, urgent frames the whole buffer, and never more', async () => {
    const { queue, sentBytes } = queueAndReceiver()
    for (let i = 0; i < 30; i++) queue.push(new Uint8Array(64 * 1024), 1)
    await microtasks()
    expect(sentBytes())
      .to.be.at.most(WINDOW_BYTES)
      .and.above(WINDOW_BYTES - 2 * MESSAGE_BYTES_MAX)
    for (let i = 0; i < 30; i++) queue.push(new Uint8Array(64 * 1024), 0)
    await microtasks()
    expect(sentBytes())
      .to.be.at.most(BUFFERED_BYTES_MAX)
      .and.above(BUFFERED_BYTES_MAX - 2 * MESSAGE_BYTES_MAX)
  })

  it('goes on as the peer acknowledges, until all has left', async () => {
    const { queue, messages, sentBytes } = queueAndReceiver()
    const reassembler = new Reassembler()
    for (let i = 0; i < 40; i++) queue.push(new Uint8Array(64 * 1024), 1)
    let frames = 0
    for (let i = 0; i < messages.length; i++) {
      frames += reassembler.receive(messages[i] ?? new Uint8Array(), 0).length
      expect(sentBytes() - reassembler.received).to.be.at.most(WINDOW_BYTES)
      queue.acknowledged(reassembler.received)
    }
    expect([frames, queue.bytes]).to.deep.equal([40, 0])
  })

  it('is slow from its limit in bytes on, and drained below the lower one, told once', () => {
    const { queue, log, sentBytes } = queueAndReceiver()
    for (let sent = 0; sent < SLOW_LINK_BYTES - 16_000; sent += 16_000) queue.push(new Uint8Array(16_000), 1)
    expect(queue.slow).to.equal(false)
    queue.push(new Uint8Array(16_000), 1)
    expect(queue.slow).to.equal(true)
    queue.acknowledged(sentBytes() - DRAINED_LINK_BYTES)
    expect([queue.slow, log]).to.deep.equal([true, []])
    queue.acknowledged(sentBytes() - DRAINED_LINK_BYTES + 1)
    queue.acknowledged(sentBytes())
    expect([queue.slow, log]).to.deep.equal([false, ['drained']])
  })

  it('does not let many small frames wait for the end of a turn, and is not slow for them', () => {
    const { queue, messages } = queueAndReceiver()
    for (let i = 0; i < SLOW_LINK_FRAMES - 1; i++) queue.push(new Uint8Array(20), 1)
    expect(messages).to.have.length(0)
    queue.push(new Uint8Array(20), 1)
    expect([messages.length, queue.slow]).to.deep.equal([1, false])
  })

  it('is overloaded one frame beyond its limit, and sends nothing more', async () => {
    const { queue, messages, log } = queueAndReceiver()
    for (let i = 0; i < 16; i++) queue.push(new Uint8Array(64 * 1024), 1)
    const waiting = () => log.length === 0
    for (let i = 0; i < QUEUE_FRAMES_MAX && waiting(); i++) queue.push(new Uint8Array(3), 1)
    expect(log).to.have.length(1)
    expect(log[0]).to.match(new RegExp(`^overloaded \\d+ ${QUEUE_FRAMES_MAX + 1}$`))
    const before = messages.length
    queue.push(new Uint8Array(3), 0)
    queue.acknowledged(100_000)
    await microtasks()
    expect(messages.length).to.equal(before)
  })

  it('is overloaded one byte beyond its limit', () => {
    const { queue, log } = queueAndReceiver()
    const frame = 256 * 1024
    for (let i = 0; i < QUEUE_BYTES_MAX / frame + WINDOW_BYTES / frame - 1; i++)
      queue.push(new Uint8Array(frame), 1)
    expect(log).to.deep.equal([])
    queue.push(new Uint8Array(frame), 1)
    queue.push(new Uint8Array(frame), 1)
    expect(log).to.have.length(1)
  })

  it('refuses an acknowledgement of more than was sent', async () => {
    const { queue, sentBytes } = queueAndReceiver()
    queue.push(new Uint8Array(100), 1)
    await microtasks()
    expect(queue.acknowledged(sentBytes())).to.equal(true)
    expect(queue.acknowledged(sentBytes() + 1)).to.equal(false)
  })

  it('acknowledges and ends also while its window is closed', async () => {
    const { queue, messages, sentBytes } = queueAndReceiver()
    for (let i = 0; i < 12; i++) queue.push(new Uint8Array(64 * 1024), 1)
    const before = messages.length
    queue.acknowledge(12_345)
    await microtasks()
    expect(messages.length).to.equal(before + 1)
    queue.end()
    const reassembler = new Reassembler()
    for (let i = 0; i < messages.length; i++) {
      reassembler.receive(messages[i] ?? new Uint8Array(), 0)
      queue.acknowledged(Math.min(reassembler.received, sentBytes()))
    }
    expect([reassembler.acknowledged, reassembler.ended]).to.deep.equal([12_345, true])
  })
})
