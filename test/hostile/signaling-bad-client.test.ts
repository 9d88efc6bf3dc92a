/** One bad frame ends other signaling servers for everybody. */
import { connect } from 'node:net'
import { expect } from 'chai'
import { createSignalingServer } from '../../signaling-server/server.js'
import { signalingTexts } from '../fuzz/samples.js'
import { TARGETS } from '../fuzz/targets.js'
import { RawClient } from '../node/signaling/harness.js'
import { until } from '../until.js'

/** What is no WebSocket frame, or none that a client may send. */
const FRAMES: [string, number[]][] = [
  ['a frame that is not masked', [0x81, 0x02, 0x7b, 0x7d]],
  ['reserved bits', [0xf1, 0x80, 0, 0, 0, 0]],
  ['a compressed frame that nobody agreed on', [0xc1, 0x80, 0, 0, 0, 0]],
  ['an unknown opcode', [0x8f, 0x80, 0, 0, 0, 0]],
  ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0]],
  ['a ping of 126 bytes', [0x89, 0xfe, 0x00, 0x7e, 0, 0, 0, 0]],
  ['a fragmented ping', [0x09, 0x80, 0, 0, 0, 0]],
  ['a length of 2^63', [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['a length over 64 KiB', [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]],
  ['a close with a code that does not exist', [0x88, 0x82, 0, 0, 0, 0, 0xff, 0xff]],
  ['a close with half a code', [0x88, 0x81, 0, 0, 0, 0, 0x03]],
  ['text that is no UTF-8', [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]],
]
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n'

describe('one bad client', () => {
  it('ends nobody but itself, by whichever frame', async () => {
    const server = await createSignalingServer()
    const honest = await RawClient.join(server.url, 'topic', 'honest')
    for (const [name, frame] of FRAMES) {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(`${UPGRADE}\r\n`))
      socket.on('error', () => {})
      await until(() => socket.bytesRead > 0, 'it is upgraded')
      socket.on('data', () => {})
      socket.write(Buffer.from(frame))
      await until(() => socket.closed, `it is ended by ${name}`)
    }
    honest.say({ type: 'introduce', topic: 'topic', count: 1 })
    await honest.told('contacts', 2)
    expect(honest.closeCode).to.equal(undefined)
    honest.socket.terminate()
    await server.close()
  })

  it('cannot upgrade in a broken way and hurt', async () => {
    const server = await createSignalingServer()
    const requests = [
      UPGRADE.replace('websocket', 'h2c'),
      UPGRADE.replace('13', '1'),
      UPGRADE.replace('AAAAAAAAAAAAAAAAAAAAAA==', 'short'),
      UPGRADE.replace('GET /', 'GET //../%00?token=x'),
      UPGRADE.replace('GET', 'POST'),
      UPGRADE.replace('HTTP/1.1', 'HTTP/0.9'),
      `${UPGRADE}Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99\r\n`,
      `${UPGRADE}Content-Length: 10\r\nTransfer-Encoding: chunked\r\n`,
      '\u0016\u0003\u0001\u0002\u0000',
    ]
    for (const request of requests) {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(`${request}\r\n`))
      socket.on('error', () => {})
      socket.on('data', () => socket.end())
      await until(() => socket.bytesRead > 0 || socket.closed, 'an answer or an end')
      socket.destroy()
    }
    expect((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status).to.equal(200)
    await server.close()
  })

  it('says a thousand things that are nearly right, and an honest one is served meanwhile', async () => {
    const server = await createSignalingServer({ limits: { messagesBurst: 5000, messagesPerSecond: 5000 } })
    const honest = await RawClient.join(server.url, 'topic', 'honest')
    const target = TARGETS.find(({ name }) => name === 'signaling')
    const cases = await target?.cases(7)
    let bad = await RawClient.join(server.url, 'topic', 'bad')
    for (let i = 0; i < 1000; i++) {
      if (bad.socket.readyState !== bad.socket.OPEN) bad = await RawClient.open(server.url)
      bad.say(JSON.parse(cases?.show(i) ?? '""') as string)
      if (i % 100 === 0) for (const text of signalingTexts()) bad.say(text)
    }
    honest.say({ type: 'introduce', topic: 'topic', count: 1 })
    await honest.told('contacts', 2)
    expect(honest.closeCode).to.equal(undefined)
    bad.socket.terminate()
    honest.socket.terminate()
    await server.close()
  })
})
