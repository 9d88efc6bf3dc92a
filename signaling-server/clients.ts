/** The client of a request, and how many sockets each client holds: one IPv4 address, or one /64 of IPv6, is one. */
import type { IncomingMessage } from 'node:http'
import { clientOf } from '../src/base/ip-address.js'

/** The address behind `proxies` trusted proxies, of which each appended to X-Forwarded-For whom it heard. */
export function clientAddress(request: IncomingMessage, proxies: number): string {
  const heard = clientOf(request.socket.remoteAddress ?? '')
  if (proxies === 0) return heard
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
  // Counted from the right: what stands further left was written by the client itself.
  const address = forwarded.at(-proxies)?.trim()
  return address ? clientOf(address) : heard
}

/** Counts by client; holds nothing of clients that hold nothing. */
export class ClientCounts {
  readonly #counts = new Map<string, number>()

  of(client: string): number {
    return this.#counts.get(client) ?? 0
  }

  add(client: string): void {
    this.#counts.set(client, this.of(client) + 1)
  }

  remove(client: string): void {
    const left = this.of(client) - 1
    if (left > 0) this.#counts.set(client, left)
    else this.#counts.delete(client)
  }
}
