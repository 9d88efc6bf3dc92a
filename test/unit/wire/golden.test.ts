import { expect } from 'chai'
import { toHex } from '../../../src/base/bytes.js'
import { decodeFrame, encodeFrame } from '../../../src/mesh/wire/codec.js'
import { GOLDEN_FRAMES, type Golden } from './golden-frames.js'

describe('the wire', () => {
  for (const [type, goldens] of Object.entries<Golden[]>(GOLDEN_FRAMES))
    it(`keeps the bytes of ${type}, both ways`, () => {
      for (const { frame, hex } of goldens) {
        expect(toHex(encodeFrame(frame))).to.equal(hex)
        expect(decodeFrame(fromHex(hex))).to.deep.equal(frame)
      }
    })
})

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}
