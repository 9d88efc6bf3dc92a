/**
 * Signals through the mesh: a member that is no neighbor is reached over the neighbor that last brought something
 * of it, as a bridge learns where a station lives (IEEE 802.1D, section 7.8). A running cluster makes new links
 * so without its signaling server; the server is asked when the mesh knows no way, or when the way has failed.
 */
import type { SignalFrame } from '../../wire/frame.js'
import { parseSignal, type Signal } from '../../wire/signal.js'
import { type EngineContext, sendTo } from '../context.js'

/** Links that a signal may cross: twice the diameter of 1,000 members with 6 links each. */
const HOPS_MAX = 10
/** Members whose direction is remembered. */
const ROUTES_MAX = 10_000

export class Routes {
  readonly #context: EngineContext
  /** Member -> the neighbor that last brought something of it. */
  readonly #via = new Map<string, string>()
  /** Members that the mesh did not reach the last time. */
  readonly #failed = new Set<string>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** Something of `origin` came over `neighbor`. */
  learn(origin: string, neighbor: string): void {
    if (this.#via.get(origin) === neighbor) return
    this.#via.delete(origin)
    this.#via.set(origin, neighbor)
    if (this.#via.size <= ROUTES_MAX) return
    for (const oldest of this.#via.keys()) {
      this.#via.delete(oldest)
      break
    }
  }

  /** Carries a signal of this member to `peer`, through the mesh or through the server. */
  send(peer: string, signal: Signal, now: number): void {
    const payload = JSON.stringify(signal)
    const frame: SignalFrame = { type: 'signal', from: this.#context.id, to: peer, hops: HOPS_MAX, payload }
    if (!this.#failed.has(peer) && this.#forward(frame, undefined, now)) return
    this.#context.outbox.push({ type: 'signal-server', peer, signal })
  }

  /** A signal came over `neighbor`: it is for this member, or goes on. */
  receive(frame: SignalFrame, neighbor: string, now: number): void {
    this.learn(frame.from, neighbor)
    if (frame.to === this.#context.id) {
      const signal = parseSignal(frame.payload)
      if (signal === undefined) return
      // Who reached this member through the mesh is answered through the mesh.
      this.#failed.delete(frame.from)
      this.#context.outbox.push({ type: 'signal', peer: frame.from, signal })
      return
    }
    if (frame.hops > 0) this.#forward({ ...frame, hops: frame.hops - 1 }, neighbor, now)
  }

  /** A signal of `peer` came through the server: it is answered the same way. */
  cameByServer(peer: string): void {
    this.#failed.add(peer)
  }

  /** A dial of `peer` failed: the next one takes the other way. */
  dialFailed(peer: string): void {
    if (!this.#failed.delete(peer)) this.#failed.add(peer)
  }

  /** A link to `peer` is up: what was before is forgotten. */
  linked(peer: string): void {
    this.#failed.delete(peer)
    this.learn(peer, peer)
  }

  #forward(frame: SignalFrame, except: string | undefined, now: number): boolean {
    const { view } = this.#context
    const next = view.get(frame.to) ?? view.get(this.#via.get(frame.to) ?? '')
    if (!next?.record || next.id === except) return false
    sendTo(this.#context, next, frame, now)
    return true
  }
}
