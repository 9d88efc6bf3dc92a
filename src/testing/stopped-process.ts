/** A process that can be stopped for a while: its timers and what reaches it wait, and come in order when it goes on. */
import type { Clock, Timer } from '../base/clock.js'
import type { Transport } from '../mesh/transport.js'

/** One process's clock, and its ears. */
export class StoppedProcess implements Clock {
  /** Milliseconds that its wall clock is ahead of the clock that it stands on. */
  leadMillis = 0
  readonly #clock: Clock
  #waiting: (() => void)[] | undefined
  #isDead = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  wall(): number {
    return this.#clock.wall() + this.leadMillis
  }

  after(millis: number, callback: () => void): Timer {
    let isCancelled = false
    const run = () => {
      if (!isCancelled) callback()
    }
    const timer = this.#clock.after(millis, () => this.#pass(run))
    return {
      cancel() {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  stop(): void {
    this.#waiting ??= []
  }

  goOn(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) run()
  }

  /** What reaches the links and the signaling of `transport` waits while the process is stopped. */
  hears(transport: Transport): Transport {
    const { links, signaling } = transport
    const [startLinks, startSignaling] = [links.start.bind(links), signaling.start.bind(signaling)]
    links.start = (self, events) => startLinks(self, this.ears(events))
    signaling.start = (self, topic, events) => startSignaling(self, topic, this.ears(events))
    return transport
  }

  /** Calls of methods of `listener`, and of listeners in it, wait while the process is stopped. Methods return nothing. */
  ears<T extends object>(listener: T): T {
    return new Proxy(listener, {
      get: (target, name) => {
        const heard: unknown = Reflect.get(target, name)
        if (typeof heard === 'object' && heard !== null) return this.ears(heard)
        if (typeof heard !== 'function') return heard
        return (...args: unknown[]) => this.#pass(() => Reflect.apply(heard, target, args))
      },
    })
  }

  /** From now on nothing that it does reaches its `hands`. */
  kill(): void {
    this.#isDead = true
  }

  /** What `place` is asked to do is done until the process is killed; it may still be closed then. */
  hands<T extends object>(place: T): T {
    return new Proxy(place, {
      get: (target, name) => {
        const done: unknown = Reflect.get(target, name)
        if (typeof done !== 'function') return done
        return (...args: unknown[]): unknown =>
          this.#isDead && name !== 'close' ? Promise.resolve() : Reflect.apply(done, target, args)
      },
    })
  }

  #pass(run: () => void): void {
    if (this.#waiting) this.#waiting.push(run)
    else run()
  }
}
