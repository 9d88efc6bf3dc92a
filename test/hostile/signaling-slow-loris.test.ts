/** Clients that open connections to the signaling server and finish nothing. */
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { RawClient } from '../node/signaling/harness.js'
import { until } from '../until.js'

const REQUEST_MILLIS = 500

describe('slow clients of the signaling server', () => {
  let server: SignalingServer
  const sockets: Socket[] = []

  beforeEach(async () => {
    server = await createSignalingServer({
      limits: { requestMillis: REQUEST_MILLIS, socketsPerAddressMax: 50 },
    })
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await server.close()
  })

  /** Opens a TCP connection and says `first`. */
  function open(first: string): Socket {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(first))
    socket.on('error', () => {})
    socket.on('data', () => {})
    sockets.push(socket)
    return socket
  }

  it('that drip their headers are cut in time, while honest ones join', async () => {
    const slow = Array.from({ length: 60 }, () => open('GET / HTTP/1.1\r\nHost: x\r\n'))
    const drip = setInterval(() => {
      for (const socket of slow) if (!socket.destroyed) socket.write('X-A: b\r\n')
    }, 100)
    const honest = await RawClient.join(server.url, 'topic', 'honest')
    // Connections are looked at every second.
    await until(() => slow.every((socket) => socket.closed), 'all are cut')
    clearInterval(drip)
    honest.say({ type: 'introduce', topic: 'topic', count: 1 })
    await honest.told('contacts', 2)
    honest.socket.terminate()
  })

  it('are 100 connections of one address at most; the next is cut at once', async () => {
    const all = Array.from({ length: 130 }, () => open(''))
    await until(() => all.filter((socket) => socket.closed).length >= 30, 'those beyond are cut')
    expect(all.filter((socket) => socket.closed).length).to.be.at.least(30)
  })

  it('that upgrade and then stop in the middle of a frame are ended with those that join nothing', async () => {
    await server.close()
    server = await createSignalingServer({ limits: { joinMillis: 300, closeMillis: 200 } })
    const socket = open(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    await until(() => socket.bytesRead > 0, 'it is upgraded')
    // The head of a masked text frame of 60,000 bytes, and one of them.
    socket.write(Buffer.from([0x81, 0xfe, 0xea, 0x60, 1, 2, 3, 4, 5]))
    await until(() => socket.closed, 'it is cut')
  })

  it('that send headers without end are refused with 431', async () => {
    const socket = connect(server.port, '127.0.0.1')
    sockets.push(socket)
    let answer = ''
    socket.on('data', (bytes) => {
      answer += String(bytes)
    })
    socket.on('error', () => {})
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(9 * 1024)}\r\n\r\n`)
    await until(() => socket.closed || answer !== '', 'it is refused')
    expect(answer).to.match(/^HTTP\/1\.1 431 /)
  })
})
