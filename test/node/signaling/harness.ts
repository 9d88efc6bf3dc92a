/** What the signaling tests share: a real clock, and a bare `ws` client that remembers all it was told. */
import { WebSocket } from 'ws'
import type { Clock } from '../../../src/base/clock.js'
import { parseServerMessage, type ServerMessage } from '../../../src/mesh/wire/signal.js'
import { until } from '../../until.js'

/** This machine's clock; its timers keep no process alive. */
export const realClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after(millis, callback) {
    const timer = setTimeout(callback, millis)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** What a client sends when it connects. */
export interface ClientOptions {
  origin?: string
  headers?: Record<string, string>
}

/** A client that says whatever a test tells it to. */
export class RawClient {
  readonly socket: WebSocket
  readonly messages: ServerMessage[] = []
  readonly errors: Error[] = []
  closeCode: number | undefined

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options)
    this.socket.on('message', (data) => {
      const message = parseServerMessage(String(data))
      if (message === undefined) throw new Error(`the server said what nobody understands: ${String(data)}`)
      this.messages.push(message)
    })
    this.socket.on('error', (error) => this.errors.push(error))
    this.socket.on('close', (code) => {
      this.closeCode = code
    })
  }

  static async open(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const client = new RawClient(url, options)
    await until(() => client.socket.readyState === WebSocket.OPEN, 'the socket opens')
    return client
  }

  /** Opens, joins, and waits for the contacts. */
  static async join(url: string, topic: string, id: string, kind = 'node'): Promise<RawClient> {
    const client = await RawClient.open(url)
    client.say({ type: 'join', topic, id, kind })
    await client.told('contacts')
    return client
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The `count`th message of a type, when it has come. */
  told<T extends ServerMessage['type']>(type: T, count = 1): Promise<Extract<ServerMessage, { type: T }>> {
    return until(
      () => this.of(type)[count - 1],
      `${count} ${type} message(s)`,
      () => this.messages.length,
    )
  }

  of<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter(
      (message): message is Extract<ServerMessage, { type: T }> => message.type === type,
    )
  }

  closed(): Promise<number> {
    return until(() => this.closeCode, 'the socket closes')
  }
}
