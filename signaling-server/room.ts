/**
 * The members of each topic. A room exists while somebody is in it; a member id has one seat in a room, and the
 * newest connection that claims it gets it. Nothing here knows of sockets.
 */
import { type Random, sample } from '../src/base/random.js'
import type { ServerMessage } from '../src/mesh/wire/signal.js'
import { CONTACTS_MAX } from '../src/mesh/wire/wire-limits.js'

type Contact = { id: string; kind: 'node' | 'browser' }

/** The connection that sits in a room. */
export interface Occupant {
  send(message: ServerMessage): void
  /** Another connection took this one's seat in `topic`. */
  evicted(topic: string): void
}

/** One member in one topic. */
export interface Seat extends Contact {
  /** A reader is there to be reached, and named to nobody: it has nothing for others. */
  readonly role?: 'writer' | 'reader' | undefined
  readonly occupant: Occupant
}

/** All rooms of one server. */
export class Rooms {
  readonly #rooms = new Map<string, Map<string, Seat>>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** Takes the seat of `seat.id`; an earlier holder on another connection is told that it lost it. */
  enter(topic: string, seat: Seat): void {
    const room = this.#rooms.get(topic) ?? new Map<string, Seat>()
    this.#rooms.set(topic, room)
    const earlier = room.get(seat.id)
    room.set(seat.id, seat)
    if (earlier !== undefined && earlier.occupant !== seat.occupant) earlier.occupant.evicted(topic)
  }

  /** Gives the seat back, unless somebody else has it by now. */
  leave(topic: string, seat: Seat): void {
    const room = this.#rooms.get(topic)
    if (room?.get(seat.id) !== seat) return
    room.delete(seat.id)
    if (room.size === 0) this.#rooms.delete(topic)
  }

  /** Carries a payload from one member to another one; false, and to nobody, when it is not there. */
  relay(topic: string, from: Seat, to: string, payload: string): boolean {
    const target = this.#rooms.get(topic)?.get(to)
    if (target === undefined || target.id === from.id) return false
    target.occupant.send({ type: 'signal', topic, from: from.id, payload })
    return true
  }

  /** Up to `count` random writers of the topic other than `id`, Node members first: they stay longest. */
  contacts(topic: string, id: string, count: number = CONTACTS_MAX): Contact[] {
    const others = [...(this.#rooms.get(topic)?.values() ?? [])].filter(
      (seat) => seat.id !== id && seat.role !== 'reader',
    )
    const nodes = sample(this.#random, kindOf(others, 'node'), count)
    const browsers = sample(this.#random, kindOf(others, 'browser'), count - nodes.length)
    return [...nodes, ...browsers].map((seat) => ({ id: seat.id, kind: seat.kind }))
  }

  /** Topics that somebody is in. */
  get size(): number {
    return this.#rooms.size
  }

  /** Seats in all topics. */
  get seats(): number {
    let seats = 0
    for (const room of this.#rooms.values()) seats += room.size
    return seats
  }

  /** The ids in each topic. */
  list(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#rooms].map(([topic, room]) => [topic, [...room.keys()]]))
  }
}

function kindOf(seats: readonly Seat[], kind: Contact['kind']): Seat[] {
  return seats.filter((seat) => seat.kind === kind)
}
