/** Timers by name: at most one of each, and none after the end. */
import type { Clock, Timer } from '../base/clock.js'

export class Timers {
  readonly #clock: Clock
  readonly #pending = new Map<string, Timer>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(name: string): boolean {
    return this.#pending.has(name)
  }

  /** Calls `fn` once after `millis`; one that is pending under that name stays as it is. */
  once(name: string, millis: number, fn: () => void): void {
    if (this.#closed || this.#pending.has(name)) return
    const run = () => {
      this.#pending.delete(name)
      fn()
    }
    this.#pending.set(name, this.#clock.after(millis, run))
  }

  /** Calls `fn` again and again, with a pause of `millis` after each call. */
  every(name: string, millis: number, fn: () => void): void {
    this.once(name, millis, () => {
      fn()
      this.every(name, millis, fn)
    })
  }

  cancel(name: string): void {
    this.#pending.get(name)?.cancel()
    this.#pending.delete(name)
  }

  /** Cancels all; nothing is called any more. */
  close(): void {
    this.#closed = true
    for (const name of [...this.#pending.keys()]) this.cancel(name)
  }
}
