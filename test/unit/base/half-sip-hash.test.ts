import { expect } from 'chai'
import { halfSipHash } from '../../../src/base/half-sip-hash.js'

describe('HalfSipHash-2-4', () => {
  it('gives the vectors of the reference', () => {
    // vectors_hsip32 of its authors: key 00 01 .. 07, inputs 00 01 ..; least significant byte first.
    const key = [0x03020100, 0x07060504] as const
    const input = Uint8Array.from({ length: 8 }, (_, i) => i)
    const hashes = [0, 1, 2, 3, 4, 5, 8].map((length) => halfSipHash(key, input.subarray(0, length)))
    const expected = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a, 0x89466e2a, 0x69b6fac5, 0x8f84b8d0]
    expect(hashes).to.deep.equal(expected)
  })

  it('depends on its key, on every byte and on the length', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5)
    const hashes = [
      halfSipHash([1, 2], bytes),
      halfSipHash([1, 3], bytes),
      halfSipHash([0, 2], bytes),
      ...[0, 1, 2, 3, 4].map((at) =>
        halfSipHash(
          [1, 2],
          bytes.map((byte, i) => (i === at ? byte ^ 0x80 : byte)),
        ),
      ),
      halfSipHash([1, 2], Uint8Array.of(...bytes, 0)),
    ]
    expect(new Set(hashes).size).to.equal(hashes.length)
  })
})
