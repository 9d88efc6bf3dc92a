/**
 * Messages of the application: along the links of the mesh to one member, or along the shared tree to everyone. A
 * member that nobody knows the way to is reached along the shared tree as well; its answer teaches the way (routes.ts).
 * Best effort: what a broken link or a full one loses is not sent again.
 */
import type { EnvelopeBody, MessageFrame } from '../../wire/frame.js'
import { type EngineContext, sendTo } from '../context.js'
import { HOPS_MAX, type Routes } from './routes.js'

export class Messages {
  readonly #context: EngineContext
  readonly #routes: Routes
  /** Whether a member is known. */
  readonly #isKnown: (id: string) => boolean
  readonly #broadcast: (body: EnvelopeBody, now: number) => void

  constructor(
    context: EngineContext,
    routes: Routes,
    isKnown: (id: string) => boolean,
    broadcast: (body: EnvelopeBody, now: number) => void,
  ) {
    this.#context = context
    this.#routes = routes
    this.#isKnown = isKnown
    this.#broadcast = broadcast
  }

  /** Sends to one member, or to everyone else when `to` is empty. */
  send(to: string, bytes: Uint8Array, now: number): void {
    this.#pass({ type: 'message', from: this.#context.id, to, hops: HOPS_MAX, bytes }, undefined, now)
  }

  /** A message came over a link: it is for this member, or goes on. */
  receive(message: MessageFrame, neighbor: string, now: number): void {
    this.#routes.hint(message.from, neighbor)
    this.#pass({ ...message, hops: message.hops - 1 }, neighbor, now)
  }

  /** A message came along the shared tree; only its author may speak to everyone. */
  hear(message: MessageFrame, origin: string, neighbor: string): void {
    const { to, from } = message
    this.#routes.hint(from, neighbor)
    if (to === this.#context.id || (to === '' && from === origin)) this.#deliver(message)
  }

  #pass(message: MessageFrame, except: string | undefined, now: number): void {
    if (message.to === this.#context.id) return this.#deliver(message)
    // A message to everyone comes along the shared tree only.
    if (message.to === '' ? except !== undefined : !this.#isKnown(message.to)) return
    const next = this.#routes.wayTo(message.to)
    // One that ran in a circle takes the tree as well.
    const isWay = next && next.id !== except && !next.dirty && message.hops >= 0
    if (isWay) return sendTo(this.#context, next, message, now)
    // Every member pays for a flood: a neighbor may cause few.
    if (except !== undefined && !this.#context.answers.take(except, 'flood', now)) return
    this.#broadcast({ ...message, hops: 0 }, now)
  }

  #deliver({ from, bytes }: MessageFrame): void {
    this.#context.outbox.push({ type: 'message', from, bytes })
  }
}
