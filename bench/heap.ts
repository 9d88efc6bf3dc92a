/** What an object keeps alive. */

/** Something that can be let go of. */
export interface Held<T> {
  it: T | undefined
}

/**
 * Bytes that are freed when `held` is let go of: heap and buffers. Nobody else may hold it.
 * @throws Error without --expose-gc
 */
export function retainedBytes(held: Held<unknown>): number {
  const before = usedBytes()
  held.it = undefined
  return before - usedBytes()
}

function usedBytes(): number {
  if (globalThis.gc === undefined)
    throw new Error('heap figures need node --expose-gc, as npm run bench has it')
  // A second run frees what the first one only finalized.
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
