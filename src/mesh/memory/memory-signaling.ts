/** Signaling in memory: introduces the members of one network in memory to each other, while it is up. */
import type { Clock, Timer } from '../../base/clock.js'
import { type Random, sample } from '../../base/random.js'
import type { Registration, Signaling, SignalingEvents } from '../transport.js'
import type { Signal } from '../wire/signal.js'
import { CONTACTS_MAX } from '../wire/wire-limits.js'

/** The network in which clients of signaling meet. */
export interface MeetingPlace {
  readonly clock: Clock
  readonly random: Random
  readonly signalingUp: boolean
  /** Every client that is started, joined or not. */
  readonly clients: Set<MemorySignaling>
  /** The members of a topic, by id. */
  room(topic: string): Map<string, MemorySignaling>
  /** How long the next message takes, in milliseconds. */
  delay(): number
}

/** The client of one member. */
export class MemorySignaling implements Signaling {
  readonly #place: MeetingPlace
  #self: Registration | undefined
  /** Where it asks and sends; it is met under all of them. */
  #topic = ''
  #topics: readonly string[] = []
  #events: SignalingEvents | undefined
  #timer: Timer | undefined

  constructor(place: MeetingPlace) {
    this.#place = place
  }

  start(self: Registration, topic: string, events: SignalingEvents): void {
    this.#self = self
    this.#topic = topic
    this.#topics = [topic]
    this.#events = events
    this.#place.clients.add(this)
    events.state('connecting', undefined)
    this.#timer = this.#place.clock.after(1, () => this.connect())
  }

  /** Joins when signaling is up, and says how it stands. */
  connect(): void {
    if (this.#self === undefined) return
    const up = this.#place.signalingUp
    this.#join()
    this.#events?.state(up ? 'connected' : 'disconnected', undefined)
    if (up) this.introduce(CONTACTS_MAX)
  }

  register(topics: readonly string[]): void {
    const [first = this.#topic] = topics
    const left = this.#topics.filter((topic) => !topics.includes(topic))
    for (const topic of left) this.#leave(topic)
    this.#topic = first
    this.#topics = topics
    this.#join()
  }

  introduce(count: number): void {
    if (!this.#place.signalingUp || this.#self === undefined) return
    const id = this.#self.id
    const all = [...this.#place.room(this.#topic).values()].flatMap((member) => member.#self ?? [])
    const writers = all.filter((one) => one.id !== id && one.role !== 'reader')
    const contacts = sample(this.#place.random, writers, count).map(({ id, kind }) => ({ id, kind }))
    this.#place.clock.after(this.#place.delay(), () => this.#events?.contacts(contacts))
  }

  send(to: string, signal: Signal): void {
    if (!this.#place.signalingUp || this.#self === undefined) return
    const target = this.#place.room(this.#topic).get(to)
    if (target) target.take(this.#self.id, signal)
    else this.#events?.absent(to)
  }

  /** A signal of `from` is here. */
  take(from: string, signal: Signal): void {
    this.#events?.signal(from, signal)
  }

  #join(): void {
    if (this.#self === undefined || !this.#place.signalingUp) return
    for (const topic of this.#topics) this.#place.room(topic).set(this.#self.id, this)
  }

  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#place.clients.delete(this)
    for (const topic of this.#topics) this.#leave(topic)
    this.#self = undefined
    this.#events = undefined
  }

  /** Gives its seat back, unless another one of the same id has it by now. */
  #leave(topic: string): void {
    const room = this.#place.room(topic)
    if (this.#self && room.get(this.#self.id) === this) room.delete(this.#self.id)
  }
}
