/**
 * What a mesh of members in one process does over real WebRTC: forms, carries writes, rests. The same for every contestant:
 * each member writes in turn, and a write counts from the call to the last member that shows it.
 */
import SimplePeer from 'simple-peer/simplepeer.min.js'

const VALUE = 'v'.repeat(64)
const PAUSE_MILLIS = 20
const WARM_ROUNDS = 3
const WRITE_MILLIS_MAX = 10_000
const IDLE_MILLIS = 10_000

/** A member of any contestant. */
export interface TrialMember {
  set(key: string, value: string): void
  has(key: string): boolean
  /** Calls back once, when the key is there. */
  whenHas(key: string, then: () => void): void
  links(): number
  /** Frames that came in, and those of them with a write, where the contestant tells. */
  counts?(): { frames: number; payloads: number }
}

export interface TrialResult {
  /** Until every member has one key of every other one. */
  formMillis: number
  medianMillis: number
  p95Millis: number
  missed: number
  /** Data-channel messages and bytes of all members for one write. */
  messagesPerWrite: number
  bytesPerWrite: number
  /** Frames that one member gets for one write. */
  framesPerMember: number | undefined
  payloadsPerMember: number | undefined
  linksMax: number
  linksMean: number
  /** Messages that one member sends in a second at rest. */
  idlePerSecond: number
}

const sent = { messages: 0, bytes: 0 }
const send = SimplePeer.prototype.send
SimplePeer.prototype.send = function (chunk) {
  sent.messages += 1
  sent.bytes += (chunk as Uint8Array).byteLength ?? (chunk as unknown as string).length
  return send.call(this, chunk)
}

/** Runs the trial over members that have just been started; undefined when they do not form a mesh in time. */
export async function trial(
  members: readonly TrialMember[],
  writes: number,
  formMillisMax: number,
): Promise<TrialResult | undefined> {
  const start = performance.now()
  for (const [index, member] of members.entries()) member.set(`first/${index}`, VALUE)
  const isFormed = () => members.every((member) => members.every((_, index) => member.has(`first/${index}`)))
  if (!(await within(isFormed, formMillisMax))) return undefined
  const formMillis = performance.now() - start
  await pause(3_000)
  for (let count = 0; count < WARM_ROUNDS * members.length; count++) await write(members, 'warm', count)
  const before = { ...sent }
  const framesBefore = total(members)
  const times: number[] = []
  for (let count = 0; count < writes; count++) times.push(await write(members, 'write', count))
  const frames = total(members)
  const per = writes * (members.length - 1)
  const seen = times.filter(Number.isFinite).sort((a, b) => a - b)
  const measured = {
    formMillis,
    medianMillis: seen[Math.floor(seen.length / 2)] ?? Number.NaN,
    p95Millis: seen[Math.floor(0.95 * seen.length)] ?? Number.NaN,
    missed: times.length - seen.length,
    messagesPerWrite: (sent.messages - before.messages) / writes,
    bytesPerWrite: (sent.bytes - before.bytes) / writes,
    framesPerMember: frames && framesBefore && (frames.frames - framesBefore.frames) / per,
    payloadsPerMember: frames && framesBefore && (frames.payloads - framesBefore.payloads) / per,
  }
  // What the last write set going comes to rest first.
  await pause(3_000)
  const rested = sent.messages
  await pause(IDLE_MILLIS)
  const links = members.map((member) => member.links())
  return {
    ...measured,
    linksMax: Math.max(...links),
    linksMean: links.reduce((sum, count) => sum + count, 0) / links.length,
    idlePerSecond: ((sent.messages - rested) / IDLE_MILLIS / members.length) * 1_000,
  }
}

/** One write; milliseconds until the last member shows it, Infinity when one does not. */
async function write(members: readonly TrialMember[], name: string, count: number): Promise<number> {
  const writer = members[count % members.length]
  const key = `${name}/${count}`
  let left = members.length - 1
  let timer: NodeJS.Timeout | undefined
  const seen = new Promise<number>((resolve) => {
    const start = performance.now()
    timer = setTimeout(() => resolve(Number.POSITIVE_INFINITY), WRITE_MILLIS_MAX)
    for (const member of members) {
      if (member !== writer)
        member.whenHas(key, () => {
          left -= 1
          if (left === 0) resolve(performance.now() - start)
        })
    }
    writer?.set(key, VALUE)
  })
  const millis = await seen
  clearTimeout(timer)
  await pause(PAUSE_MILLIS)
  return millis
}

function total(members: readonly TrialMember[]): { frames: number; payloads: number } | undefined {
  const sum = { frames: 0, payloads: 0 }
  for (const member of members) {
    const counts = member.counts?.()
    if (counts === undefined) return undefined
    sum.frames += counts.frames
    sum.payloads += counts.payloads
  }
  return sum
}

async function within(holds: () => boolean, millisMax: number): Promise<boolean> {
  const end = performance.now() + millisMax
  while (!holds()) {
    if (performance.now() > end) return false
    await pause(5)
  }
  return true
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
