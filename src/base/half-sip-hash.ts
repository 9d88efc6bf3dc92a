/**
 * HalfSipHash-2-4 (Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF"; the variant with words of 32 bits):
 * nobody without the key can make two inputs with one hash. Not for secrets: the key is 64 bits.
 */

/** A key: two words of 32 bits. */
export type HashKey = readonly [number, number]

/** 32 bits, from 0 up. */
export function halfSipHash([k0, k1]: HashKey, bytes: Uint8Array): number {
  let [v0, v1, v2, v3] = [k0 | 0, k1 | 0, k0 ^ 0x6c796765, k1 ^ 0x74656462]
  const words = bytes.length >>> 2
  for (let i = 0; i < words + 3; i++) {
    // The rest with the length, then two words of nothing: four rounds that end it.
    const word = i <= words ? wordAt(bytes, i, words) : 0
    if (i === words + 1) v2 ^= 0xff
    v3 ^= word
    for (let round = 0; round < 2; round++) {
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    v0 ^= word
  }
  return (v1 ^ v3) >>> 0
}

/** Four bytes, the least significant first; behind the last whole word what is left of them, and their number. */
function wordAt(bytes: Uint8Array, index: number, words: number): number {
  const at = 4 * index
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
  return low | ((index < words ? (bytes[at + 3] ?? 0) : bytes.length) << 24)
}
