/**
 * Signals through the mesh: a member that is no neighbor is reached over the neighbor that first brought something
 * new of it, as a bridge learns where a station lives (IEEE 802.1D, section 7.8). What is new comes along a tree whose
 * root is that member, so the ways lead to it and never in a circle. Where a way has ended, a signal takes a detour
 * over some other neighbor. A running cluster makes new links so without its signaling server; the server is asked
 * when no way is known, or when what went through the mesh was not answered.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import { sample } from '../../../base/random.js'
import type { SignalFrame } from '../../wire/frame.js'
import { parseSignal, type Signal } from '../../wire/signal.js'
import { type EngineContext, sendTo } from '../context.js'
import type { Neighbor } from './peer-view.js'

/** Links that a signal, a message or an acknowledgement may cross: twice the diameter of 1,000 members with 6 links each. */
export const HOPS_MAX = 10
/** Members whose direction is remembered. */
const ROUTES_MAX = 10_000
/** Dials whose session is remembered. */
const SESSIONS_MAX = 64

type RoutesContext = Pick<EngineContext, 'id' | 'random' | 'view' | 'outbox'>

export class Routes {
  readonly #context: RoutesContext
  /** Member -> the neighbor that last brought something new of it. */
  readonly #via = new BoundedMap<string, string>(ROUTES_MAX)
  /** Members that the mesh did not reach the last time. */
  readonly #failed = new BoundedMap<string, true>(ROUTES_MAX)
  /** The session of the last request or offer to each member. */
  readonly #sessions = new BoundedMap<string, string>(SESSIONS_MAX)
  /** Whether the signaling server can be asked. */
  serverUp = true

  constructor(context: RoutesContext) {
    this.#context = context
  }

  /** Something new of `origin` came over `neighbor`. */
  learn(origin: string, neighbor: string): void {
    if (this.#via.get(origin) !== neighbor) this.#via.set(origin, neighbor)
  }

  /** `neighbor` knows of `member`: a way to begin with while there is none. */
  hint(member: string, neighbor: string): void {
    if (!this.wayTo(member)) this.learn(member, neighbor)
  }

  /** Carries a signal of this member to `peer`, through the mesh or through the server. */
  send(peer: string, signal: Signal, now: number): void {
    const isRepeated = this.#isRepeated(peer, signal)
    if (isRepeated) this.#takeOtherWay(peer)
    const mayDetour = isRepeated || !this.serverUp
    const next = this.wayTo(peer) ?? (mayDetour ? this.#detour(undefined) : undefined)
    if (next && !(this.serverUp && this.#failed.has(peer))) {
      const payload = JSON.stringify(signal)
      const frame: SignalFrame = { type: 'signal', from: this.#context.id, to: peer, hops: HOPS_MAX, payload }
      return sendTo(this.#context, next, frame, now)
    }
    this.#failed.set(peer, true)
    this.#context.outbox.push({ type: 'signal-server', peer, signal })
  }

  /** A signal came over `neighbor`: it is for this member, or goes on. */
  receive(frame: SignalFrame, neighbor: string, now: number): void {
    this.hint(frame.from, neighbor)
    if (frame.to === this.#context.id) {
      const signal = parseSignal(frame.payload)
      if (signal === undefined) return
      // A member that reached this one through the mesh is answered through the mesh.
      this.#failed.delete(frame.from)
      this.#context.outbox.push({ type: 'signal', peer: frame.from, signal })
      return
    }
    if (frame.hops === 0) return
    const next = this.next(frame.to, neighbor)
    if (next) sendTo(this.#context, next, { ...frame, hops: frame.hops - 1 }, now)
  }

  /** Where something for `member` goes on that came over `except`: its way, or a detour. */
  next(member: string, except: string | undefined): Neighbor | undefined {
    const known = this.wayTo(member)
    return known && known.id !== except ? known : this.#detour(except)
  }

  /** A signal of `peer` came through the server: it is answered the same way. */
  cameByServer(peer: string): void {
    this.#failed.set(peer, true)
  }

  /** A dial of `peer` failed: the next one takes the other way. */
  dialFailed(peer: string): void {
    this.#takeOtherWay(peer)
  }

  /** A link to `peer` is up: what was before is forgotten. */
  linked(peer: string): void {
    this.#failed.delete(peer)
    this.#sessions.delete(peer)
    this.learn(peer, peer)
  }

  /** Server or mesh by turns; without a server another way through the mesh. */
  #takeOtherWay(peer: string): void {
    if (!this.serverUp) this.#via.delete(peer)
    else if (!this.#failed.delete(peer)) this.#failed.set(peer, true)
  }

  /** The transport says again what begins an attempt when nobody answers. */
  #isRepeated(peer: string, { type, session }: Signal): boolean {
    if (type !== 'request' && type !== 'offer') return false
    if (this.#sessions.get(peer) === session) return true
    this.#sessions.set(peer, session)
    return false
  }

  /** The neighbor over which `member` is reached, as far as it is known. */
  wayTo(member: string): Neighbor | undefined {
    const { view } = this.#context
    const next = view.get(member) ?? view.get(this.#via.get(member) ?? '')
    return next?.record && next
  }

  #detour(except: string | undefined): Neighbor | undefined {
    const others = this.#context.view.established().filter(({ id }) => id !== except)
    return sample(this.#context.random, others, 1)[0]
  }
}
