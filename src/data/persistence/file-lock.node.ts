/**
 * The lock of a data folder: a numbered file with the pid of its holder and the time when that process started,
 * so that neither a crash nor a reused pid (a container's is always 1) keeps the folder locked for ever. Only the
 * highest number counts, and numbers only grow: a process that takes over a stale lock makes the next one, which just
 * one process can do, and nobody ever removes a lock that may have become another one's.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './file-errors.node.js'

/** The holder of a lock. `start` names one start of a process; two starts with the same pid differ in it. */
export interface LockHolder {
  pid: number
  start: string
}

const ATTEMPTS_MAX = 20
const LOCK_NAME = /^lock-(\d{6,15})$/
const self: LockHolder = {
  pid: process.pid,
  start: processStart(process.pid) ?? String(Math.round(Date.now() - process.uptime() * 1000)),
}

/** What `takeLock` found: the number of the lock that this process has now, or its living holder. */
export type LockResult = { type: 'taken'; number: number } | { type: 'held'; holder: LockHolder }

/** Takes the lock of `folder` unless a living process has it. */
export async function takeLock(folder: string): Promise<LockResult> {
  let holder: LockHolder = { pid: 0, start: '' }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const highest = Math.max(0, ...(await numbers(folder)))
    const found = parseHolder(await readOr(pathOf(folder, highest), ''))
    if (found !== undefined && isAlive(found)) return { type: 'held', holder: found }
    holder = found ?? holder
    if (await takeNext(folder, highest + 1)) return { type: 'taken', number: highest + 1 }
  }
  return { type: 'held', holder }
}

/** Whether this process still has the lock that it took under `number`. */
export async function holdsLock(folder: string, number: number): Promise<boolean> {
  const holder = parseHolder(await readOr(pathOf(folder, number), ''))
  return holder?.pid === self.pid && holder.start === self.start
}

/** Gives the lock back. Its file stays, marked, since the number must not be used again. */
export async function releaseLock(folder: string, number: number): Promise<void> {
  // A folder that is gone needs no lock, and one that was replaced may hold another one's.
  if (!(await holdsLock(folder, number))) return
  await ignoringMissing(writeFile(pathOf(folder, number), 'released\n'))
}

/** False when another process was faster. */
async function takeNext(folder: string, number: number): Promise<boolean> {
  if (!(await create(folder, pathOf(folder, number)))) return false
  const present = await numbers(folder)
  // The number had been used and cleared away while this process looked; the lock is at a higher one.
  const lost = Math.max(...present) > number
  for (const each of present) {
    if (each < number || (lost && each === number)) await ignoringMissing(unlink(pathOf(folder, each)))
  }
  return !lost
}

async function numbers(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const digits = LOCK_NAME.exec(name)?.[1]
    return digits === undefined ? [] : [Number(digits)]
  })
}

function pathOf(folder: string, number: number): string {
  return join(folder, `lock-${String(number).padStart(6, '0')}`)
}

/** A hard link appears with all of its content or not at all, and never replaces another one. */
async function create(folder: string, path: string): Promise<boolean> {
  const temporary = unique(folder)
  try {
    await write(temporary)
    await link(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    // A file system without hard links, as SMB: there, the lock is seen empty for an instant.
    return await writeIfMissing(path)
  } finally {
    await ignoringMissing(unlink(temporary))
  }
}

async function writeIfMissing(path: string): Promise<boolean> {
  try {
    await write(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function write(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(self)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function isAlive(holder: LockHolder): boolean {
  if (holder.pid === self.pid) return holder.start === self.start
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    if (codeOf(error) !== 'EPERM') return false
  }
  const start = processStart(holder.pid)
  return start === undefined || start === holder.start
}

/** The start of a process as Linux tells it: the boot, and the clock ticks since it; undefined elsewhere. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'ascii').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the name in parentheses, which may hold spaces; `starttime` is the 22nd.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return ticks === undefined ? undefined : `${boot}:${ticks}`
  } catch {
    return undefined
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, start } = JSON.parse(text) as Partial<LockHolder>
    return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof start === 'string'
      ? { pid: Number(pid), start }
      : undefined
  } catch {
    return undefined
  }
}

function unique(folder: string): string {
  return join(folder, `lock-${process.pid}-${randomBytes(6).toString('hex')}.tmp`)
}

async function readOr(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return otherwise
    throw error
  }
}

async function ignoringMissing(action: Promise<void>): Promise<void> {
  try {
    await action
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
