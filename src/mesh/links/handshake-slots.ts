/**
 * The WebRTC handshakes in flight in this process, of all its stores together: more than a few at once exhaust its
 * file descriptors, of which @roamhq/wrtc dies natively. Dials that want one wait in order. An offer holds its slot until
 * somebody answers, and that answer may need a slot of this very process; so some slots are kept from offers, and
 * the two can never wait for each other in a circle.
 */
import { HANDSHAKES_MAX } from './link-limits.js'

/** Which side of the handshake a slot is for. */
export type HandshakeSide = 'offer' | 'answer'

/** A place, waiting or in flight. */
export interface HandshakeSlot {
  /** Gives the place up, from whichever state. Idempotent. */
  release(): void
}

/** Slots that offers may hold at once; the others are for answers. */
export const OFFERS_IN_FLIGHT_MAX = HANDSHAKES_MAX / 2
/** Handshakes that may wait, of each side. A guess: a hundred take a few seconds. */
export const HANDSHAKES_WAITING_MAX = 256

interface Waiting {
  side: HandshakeSide
  begin: () => void
}

/** A counting semaphore with two sides. */
export class HandshakeSlots {
  readonly #inFlight = { offer: 0, answer: 0 }
  readonly #waiting: Record<HandshakeSide, Waiting[]> = { offer: [], answer: [] }

  /** How many handshakes are in flight. */
  get inFlight(): number {
    return this.#inFlight.offer + this.#inFlight.answer
  }

  /** Calls `begin` when it is its turn, never at once; undefined when too many wait already. */
  take(side: HandshakeSide, begin: () => void): HandshakeSlot | undefined {
    const line = this.#waiting[side]
    if (line.length >= HANDSHAKES_WAITING_MAX) return undefined
    const waiting: Waiting = { side, begin }
    line.push(waiting)
    let released = false
    queueMicrotask(() => this.#fill())
    return {
      release: () => {
        if (released) return
        released = true
        this.#release(waiting)
      },
    }
  }

  #release(waiting: Waiting): void {
    const line = this.#waiting[waiting.side]
    const index = line.indexOf(waiting)
    if (index >= 0) {
      line.splice(index, 1)
      return
    }
    this.#inFlight[waiting.side]--
    queueMicrotask(() => this.#fill())
  }

  #fill(): void {
    while (this.inFlight < HANDSHAKES_MAX) {
      // Answers first: each ends an offer that somebody holds a slot for.
      const next = this.#waiting.answer.shift() ?? this.#nextOffer()
      if (next === undefined) return
      this.#inFlight[next.side]++
      next.begin()
    }
  }

  #nextOffer(): Waiting | undefined {
    return this.#inFlight.offer < OFFERS_IN_FLIGHT_MAX ? this.#waiting.offer.shift() : undefined
  }
}

/** The slots of this process. */
export const handshakeSlots = new HandshakeSlots()
