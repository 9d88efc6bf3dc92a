/** Values that a mutated number or content takes: the places where readers go wrong. */
import { any, float, pack } from './packing.js'

const FAR = Number.MAX_SAFE_INTEGER

/** Counts, clocks and sessions. */
export const BOUNDARY_NUMBERS: readonly number[] = [
  ...[0, 1, 2, 3, 127, 128, 2 ** 20, 2 ** 25, 2 ** 31, 2 ** 32],
  ...[2 ** 40, 2 ** 41, FAR - 1, FAR],
]

/** Values and stamps. */
export const BOUNDARY_CONTENTS: readonly Uint8Array[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, -0, FAR].map(float),
  ...[undefined, null, [], {}, new Uint8Array(3)].map(any),
  pack(117, 2 ** 31),
  pack(118, 1, '__proto__', 126),
]
