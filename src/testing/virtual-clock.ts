/** Time that passes only when told to: a run of an hour takes as long as its events take. */
import type { Clock, Timer } from '../base/clock.js'

interface Event {
  at: number
  /** Events of the same time run in the order in which they were planned. */
  order: number
  callback: (() => void) | undefined
}

/** The wall clock of every simulation starts here: 2026-01-01. */
const WALL_START = 1_767_225_600_000

export class VirtualClock implements Clock {
  readonly #heap: Event[] = []
  #now = 0
  #planned = 0

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return Math.floor(WALL_START + this.#now)
  }

  after(millis: number, callback: () => void): Timer {
    this.#planned += 1
    const event: Event = { at: this.#now + Math.max(0, millis), order: this.#planned, callback }
    this.#push(event)
    return {
      cancel() {
        event.callback = undefined
      },
    }
  }

  /** When the next event is due; it may have been cancelled. Infinity when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /** Lets `millis` pass; runs everything that falls due. Returns the number of events. */
  run(millis: number): number {
    const end = this.#now + millis
    let events = 0
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      if (next.callback === undefined) continue
      this.#now = next.at
      events += 1
      next.callback()
    }
    this.#now = end
    return events
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, event)) break
      heap[index] = above
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const child = smallerChild(heap, index)
      const below = heap[child]
      if (below === undefined || isBefore(last, below)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}

function smallerChild(heap: readonly Event[], index: number): number {
  const left = 2 * index + 1
  const a = heap[left]
  const b = heap[left + 1]
  return a && b && isBefore(b, a) ? left + 1 : left
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
