/** The real clock. */
import type { Clock } from './clock.js'

/** Both runtimes have these globals; a timer of Node keeps its process alive, which a store has a right to. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after(millis, callback) {
    const timer = setTimeout(callback, Math.max(0, millis))
    return { cancel: () => clearTimeout(timer) }
  },
}
