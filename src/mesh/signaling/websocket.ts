/**
 * The WebSocket of this runtime, chosen by the package's `imports` map; this file serves runtimes that are
 * neither Node nor a browser, as a bundler for a server does, and can be imported anywhere.
 */
import { TransportError } from '../../base/errors.js'

/** The part of the standard WebSocket that is used here. */
export interface WebSocketLike {
  readonly readyState: number
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  onerror: ((event: { message?: string; error?: unknown }) => void) | null
  send(text: string): void
  close(code?: number, reason?: string): void
  /** Cuts the connection without a handshake; only where the runtime can. */
  terminate?(): void
}

/** `readyState` of a socket that can send. */
export const WEBSOCKET_OPEN = 1

/**
 * What the user of a page has said to connections to such an address, 'granted' or otherwise, as a promise where a page
 * needs to be allowed to (WICG Local Network Access). Nobody needs to be outside of a page.
 */
export function localNetworkPermission(_url: string): Promise<string | undefined> | undefined {
  return undefined
}

/** Begins to connect. @throws TransportError ERR_SIGNALING_UNREACHABLE where there is no WebSocket */
export function openWebSocket(url: string): WebSocketLike {
  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => WebSocketLike }
  if (WebSocket !== undefined) return new WebSocket(url)
  throw new TransportError('ERR_SIGNALING_UNREACHABLE', 'This runtime has no WebSocket', {
    why: 'It is neither Node nor a browser',
    fix: 'Create the store in Node 20.19 or later or in a browser',
  })
}
