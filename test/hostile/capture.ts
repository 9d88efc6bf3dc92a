/** A capture of what crosses this machine's loopback, by tcpdump, and what somebody who has it can read. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { until } from '../until.js'

/** What a machine without it has to do. */
export const HOW_TO_CAPTURE =
  'there is no capture here: it takes Linux, tcpdump (apt-get install tcpdump) and root or CAP_NET_RAW'

/** A capture under way, of UDP and of one TCP port. */
export class Capture {
  readonly #tcpdump: ChildProcess
  readonly #chunks: Buffer[] = []
  #said = ''

  private constructor(tcpPort: number) {
    // To its output: it gives its rights up, and may then not write files of others.
    this.#tcpdump = spawn(
      'tcpdump',
      [
        '-i',
        'lo',
        '-n',
        '-U',
        '-s',
        '0',
        '-B',
        '16384',
        '--immediate-mode',
        '-w',
        '-',
        `udp or tcp port ${tcpPort}`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#tcpdump.stdout?.on('data', (bytes: Buffer) => this.#chunks.push(bytes))
    this.#tcpdump.stderr?.on('data', (bytes: Buffer) => {
      this.#said += String(bytes)
    })
    this.#tcpdump.on('error', (error) => {
      this.#said += `${error.message}\n`
    })
  }

  /** Begins; undefined where it is not possible. */
  static async start(tcpPort: number): Promise<Capture | undefined> {
    const capture = new Capture(tcpPort)
    const isOver = () => capture.#tcpdump.exitCode !== null || capture.#tcpdump.pid === undefined
    await until(() => isOver() || capture.#said.includes('listening on'), 'tcpdump begins')
    if (isOver()) return undefined
    await capture.#mark()
    return capture
  }

  /** Ends, and reads it. @throws Error when something is missing of it */
  async end(): Promise<Captured> {
    await this.#mark()
    this.#tcpdump.kill('SIGINT')
    await until(() => this.#tcpdump.exitCode !== null, 'tcpdump ends')
    if (!/^0 packets dropped by kernel/m.test(this.#said)) throw new Error(`packets were lost: ${this.#said}`)
    return new Captured(Buffer.concat(this.#chunks))
  }

  /** Waits until a packet of this moment is in the capture: then whatever came before it is, too. */
  async #mark(): Promise<void> {
    const mark = randomBytes(16)
    const socket = createSocket('udp4')
    try {
      const holds = () => Buffer.concat(this.#chunks).includes(mark)
      await until(() => {
        socket.send(mark, 9, '127.0.0.1', () => undefined)
        return holds()
      }, 'the mark is captured')
    } finally {
      socket.close()
    }
  }
}

/** What there is to be searched. */
export class Captured {
  readonly packets: number
  /** Every packet; every TCP stream, in one piece; every message of a WebSocket, without its mask. */
  readonly #texts: Buffer[]

  constructor(pcap: Buffer) {
    if (pcap.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('this is no capture')
    const packets: Buffer[] = []
    for (let at = 24; at + 16 <= pcap.length; ) {
      const length = pcap.readUInt32LE(at + 8)
      packets.push(pcap.subarray(at + 16, at + 16 + length))
      at += 16 + length
    }
    const streams = streamsOf(packets)
    this.packets = packets.length
    this.#texts = [...packets, ...streams, ...streams.flatMap(messagesOf)]
  }

  /** Whether somebody who has the capture finds `canary`, in whichever of the usual spellings. */
  has(canary: string): boolean {
    return spellings(canary).some((spelling) => this.#texts.some((text) => text.includes(spelling)))
  }

  /** Which of these, by name, are found. */
  found(canaries: Readonly<Record<string, string>>): string[] {
    return Object.keys(canaries).filter((name) => this.has(canaries[name] ?? ''))
  }
}

/** As it is, as a string in JSON, in UTF-16, in hexadecimal, and in base64 at each of its three places. */
export function spellings(canary: string): Buffer[] {
  const bytes = Buffer.from(canary)
  const hex = bytes.toString('hex')
  const escaped = Array.from(canary, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join(
    '',
  )
  const texts = [canary, JSON.stringify(canary).slice(1, -1), escaped, hex, hex.toUpperCase()]
  for (let place = 0; place < 3; place++)
    for (const code of ['base64', 'base64url'] as const) {
      const whole = Buffer.concat([Buffer.alloc(place), bytes])
        .toString(code)
        .replaceAll('=', '')
      // The first and last characters depend on what stands beside it.
      texts.push(whole.slice(place === 0 ? 0 : place + 1, -1))
    }
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(canary, 'utf16le')]
}

interface Segment {
  sequence: number
  bytes: Buffer
}

/** The two directions of each TCP connection. What was sent twice stands there once. */
function streamsOf(packets: readonly Buffer[]): Buffer[] {
  const flows = new Map<string, Segment[]>()
  for (const packet of packets) {
    const type = packet.readUInt16BE(12)
    const isV4 = type === 0x0800
    if (!isV4 && type !== 0x86dd) continue
    const ip = packet.subarray(14)
    if ((isV4 ? ip[9] : ip[6]) !== 6) continue
    const head = isV4 ? ((ip[0] ?? 0) & 15) * 4 : 40
    const end = isV4 ? ip.readUInt16BE(2) : 40 + ip.readUInt16BE(4)
    const tcp = ip.subarray(head, end)
    const name = `${ip.toString('hex', isV4 ? 12 : 8, isV4 ? 20 : 40)} ${tcp.toString('hex', 0, 4)}`
    const bytes = tcp.subarray(((tcp[12] ?? 0) >> 4) * 4)
    const flow = flows.get(name) ?? []
    if (bytes.length > 0) flow.push({ sequence: tcp.readUInt32BE(4), bytes })
    flows.set(name, flow)
  }
  return Array.from(flows.values(), joined)
}

function joined(segments: readonly Segment[]): Buffer {
  const first = segments[0]?.sequence ?? 0
  const places = segments.map(({ sequence, bytes }) => ({ at: (sequence - first) >>> 0, bytes }))
  const whole = Buffer.alloc(Math.max(0, ...places.map(({ at, bytes }) => at + bytes.length)))
  for (const { at, bytes } of places) bytes.copy(whole, at)
  return whole
}

/** The messages of a WebSocket (RFC 6455, section 5.2) in one direction; none when the stream is none. */
function messagesOf(stream: Buffer): Buffer[] {
  const head = stream.indexOf('\r\n\r\n')
  if (head < 0 || !/upgrade: *websocket/i.test(stream.toString('latin1', 0, head))) return []
  const messages: Buffer[] = []
  for (let at = head + 4; at + 2 <= stream.length; ) {
    const isMasked = ((stream[at + 1] ?? 0) & 0x80) !== 0
    let length = (stream[at + 1] ?? 0) & 0x7f
    at += 2
    if (length === 126) length = stream.readUInt16BE(at)
    else if (length === 127) length = Number(stream.readBigUInt64BE(at))
    at += length < 126 ? 0 : length < 65_536 ? 2 : 8
    const mask = isMasked ? stream.subarray(at, at + 4) : Buffer.alloc(4)
    at += isMasked ? 4 : 0
    messages.push(Buffer.from(stream.subarray(at, at + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0))))
    at += length
  }
  return messages
}

/** A key and its self-signed certificate (RFC 5280), for a server on this machine. */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const name = der(
    0x30,
    der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('test')))),
  )
  const days = (from: number) => der(0x17, Buffer.from(utc(Date.now() + from * 86_400_000)))
  const serial = createHash('sha256').update(randomBytes(8)).digest().subarray(0, 8)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1
  const body = der(
    0x30,
    ...[der(0xa0, der(2, Buffer.of(2))), der(2, serial), algorithm, name, der(0x30, days(-1), days(1)), name],
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = der(3, Buffer.of(0), sign('sha256', body, privateKey))
  const cert = der(0x30, body, algorithm, signature).toString('base64')
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${cert.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function utc(millis: number): string {
  return `${new Date(millis).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`
}
