/** The bytes of a log: what is whole is read, whatever stands before or behind it. */
import { expect } from 'chai'
import { encodeRecords, logHead, readLog } from '../../../src/data/persistence/file-log.node.js'

const GENERATION = 7
const HEAD_BYTES = 18
const RECORD_HEAD_BYTES = 14
const bytes = (text: string) => new TextEncoder().encode(text)

function logOf(...texts: string[]): Uint8Array {
  const records = encodeRecords(GENERATION, 0, texts.map(bytes))
  return new Uint8Array(Buffer.concat([logHead(GENERATION), records]))
}

function read(log: Uint8Array, generation = GENERATION) {
  const result = readLog(log, generation)
  if (result.type !== 'read') return result
  const { records, tornBytes, damagedBytes } = result
  return { texts: records.map((record) => new TextDecoder().decode(record)), tornBytes, damagedBytes }
}

describe('A log file', () => {
  it('gives back its records in their order', () => {
    expect(read(logOf('one', 'two'))).to.deep.equal({ texts: ['one', 'two'], tornBytes: 0, damagedBytes: 0 })
    expect(read(new Uint8Array())).to.deep.equal({ texts: [], tornBytes: 0, damagedBytes: 0 })
  })

  it('leaves out a record that is cut anywhere, and tells how much', () => {
    const log = logOf('one', 'two')
    const start = HEAD_BYTES + RECORD_HEAD_BYTES + 3
    for (let length = start + 1; length < log.length; length++)
      expect(read(log.subarray(0, length))).to.deep.equal({
        texts: ['one'],
        tornBytes: length - start,
        damagedBytes: 0,
      })
  })

  it('takes zeros at its end, as some file systems leave them, for no record', () => {
    const log = logOf('one')
    const extended = new Uint8Array(log.length + 100)
    extended.set(log)
    expect(read(extended)).to.deep.equal({ texts: ['one'], tornBytes: 100, damagedBytes: 0 })
  })

  it('goes on behind a record in which any bit has flipped, and tells of the damage', () => {
    const log = logOf('one', 'two', 'three')
    const start = HEAD_BYTES + RECORD_HEAD_BYTES + 3
    for (let bit = 8 * start; bit < 8 * (start + RECORD_HEAD_BYTES + 3); bit++) {
      const flipped = log.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(read(flipped), `bit ${bit}`).to.deep.equal({
        texts: ['one', 'three'],
        tornBytes: 0,
        damagedBytes: RECORD_HEAD_BYTES + 3,
      })
    }
  })

  it('reads its records though its head is damaged', () => {
    for (let at = 0; at < HEAD_BYTES; at++) {
      const damaged = logOf('one', 'two')
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(read(damaged)).to.deep.equal({ texts: ['one', 'two'], tornBytes: 0, damagedBytes: HEAD_BYTES })
    }
  })

  it('takes no record of another generation, and none twice', () => {
    expect(read(logOf('one'), GENERATION + 1)).to.deep.include({ texts: [] })
    const log = logOf('one')
    const twice = new Uint8Array(Buffer.concat([log, log.subarray(HEAD_BYTES)]))
    expect(read(twice)).to.deep.include({ texts: ['one'], tornBytes: log.length - HEAD_BYTES })
  })

  it('of a newer version is named as such', () => {
    const head = Buffer.from(logHead(GENERATION))
    head.writeUInt16LE(2, 6)
    // The checksum of the head, as that version would have written it.
    const { crc32 } = process.getBuiltinModule('node:zlib')
    head.writeUInt32LE(crc32(head.subarray(0, 14)), 14)
    expect(readLog(head, GENERATION)).to.deep.equal({ type: 'unknown-version', version: 2 })
  })
})
