/**
 * Makes a profile of Chromium look as if it had been killed between two system calls of one write: the newest log of
 * each LevelDB of IndexedDB ends in part of a record. Nothing that was acknowledged is touched.
 */
import { appendFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Logs consist of blocks of so many bytes, and no record crosses from one to the next. */
const BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7
const WRITTEN_BYTES = 100
const PROMISED_BYTES = 1000
const FULL = 1

/** Tears the logs of `profile`; resolves with their number. */
export async function tearLogs(profile: string): Promise<number> {
  const folder = join(profile, 'Default', 'IndexedDB')
  const databases = (await readdir(folder)).filter((name) => name.endsWith('.leveldb'))
  let torn = 0
  for (const database of databases) {
    const names = (await readdir(join(folder, database))).filter((name) => name.endsWith('.log'))
    const newest = names.sort().at(-1)
    if (newest && (await tear(join(folder, database, newest)))) torn++
  }
  return torn
}

/** False when there is no room for the whole record in the last block, where Chromium would have split it. */
async function tear(path: string): Promise<boolean> {
  const { size } = await stat(path)
  if (BLOCK_BYTES - (size % BLOCK_BYTES) < HEADER_BYTES + PROMISED_BYTES) return false
  const part = Buffer.alloc(HEADER_BYTES + WRITTEN_BYTES, 0xa5)
  part.writeUInt16LE(PROMISED_BYTES, 4)
  part.writeUInt8(FULL, 6)
  await appendFile(path, part)
  return true
}
