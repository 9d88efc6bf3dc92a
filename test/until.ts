/** The one way in which tests wait, in Node and in a browser. */

/** It is looked for so often. */
const LOOK_MILLIS = 5
/** When nothing has moved for so long, what is waited for does not come. */
const QUIET_MILLIS_MAX = 30_000
/** A process that had to wait for the processor longer than this between two looks was busy with nothing else. */
const TURN_MILLIS_MAX = 250

/**
 * Waits until `look` gives something other than false and undefined; resolves with it. What bounds the wait is progress,
 * not a clock: it fails when `moving` (what can be seen on the way, as members or links) has not changed for 30 s in
 * which this process ran. A busy machine makes tests slow, not red.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  what: string,
  moving: () => unknown = () => undefined,
): Promise<Exclude<T, false | undefined>> {
  let quietMillis = 0
  let seen: string | undefined
  let at = performance.now()
  for (;;) {
    const found = await look()
    if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
    const now = performance.now()
    quietMillis += Math.min(now - at, TURN_MILLIS_MAX)
    at = now
    const next = JSON.stringify(await moving())
    if (next !== seen) quietMillis = 0
    seen = next
    if (quietMillis > QUIET_MILLIS_MAX)
      throw new Error(`nothing moves any more: ${what} (${seen ?? 'no more is known'})`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLIS))
  }
}
