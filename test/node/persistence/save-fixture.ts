/** Saves ever newer snapshots until it is killed; prints the number of each one that is durable. */
import { writeSync } from 'node:fs'
import { filePersistence } from '../../../src/data/persistence/file.node.js'

const [folder = '', mode = 'save'] = process.argv.slice(2)
const persistence = filePersistence(folder)
const loaded = await persistence.open()
writeSync(1, `open ${loaded.snapshot === undefined ? 0 : numberOf(loaded.snapshot)}\n`)
if (mode === 'hold') setInterval(() => {}, 1000)
for (let n = 1; mode === 'save'; n++) {
  // A large one, so that most kills hit the middle of a write.
  const content = new Uint8Array(4 * 1024 * 1024).fill(n % 256)
  new DataView(content.buffer).setUint32(0, n)
  await persistence.snapshot(content)
  writeSync(1, `${n}\n`)
}

function numberOf(content: Uint8Array): number {
  return new DataView(content.buffer, content.byteOffset).getUint32(0)
}
