/** Members over real WebRTC in one process or page, whose signals are handed over as text, as signaling would. */

import type { GossipKvError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { systemClock } from '../../../src/base/system-clock.js'
import { createWebRtcLinks, type WebRtcLinksOptions } from '../../../src/mesh/links/webrtc-links.js'
import type { Links } from '../../../src/mesh/transport.js'
import { parseSignal, type Signal } from '../../../src/mesh/wire/signal.js'
import { until } from '../../until.js'

/** One member and what its links reported, in order. */
export interface TestMember {
  id: string
  links: Links
  log: string[]
  frames: { from: string; bytes: Uint8Array }[]
  errors: GossipKvError[]
  signals: { to: string; signal: Signal }[]
}

/** Decides what becomes of a signal: undefined loses it. */
export type Carry = (from: string, to: string, signal: Signal) => Signal | undefined

/** A place where members meet. */
export class TestMesh {
  readonly members = new Map<string, TestMember>()
  carry: Carry = (_from, _to, signal) => signal
  #seed = 1

  /** Starts a member; a second one of the same id takes the place of the first, as a reloaded tab does. */
  async join(id: string, options: Partial<WebRtcLinksOptions> = {}): Promise<TestMember> {
    const random = seededRandom(this.#seed++)
    const links = createWebRtcLinks({ random, clock: systemClock, ...options })
    const member: TestMember = { id, links, log: [], frames: [], errors: [], signals: [] }
    await links.start(id, {
      linkUp: (peer) => member.log.push(`up ${peer}`),
      linkDown: (peer, error) => {
        member.log.push(`down ${peer}`)
        if (error) member.errors.push(error)
      },
      dialFailed: (peer, error) => {
        member.log.push(`failed ${peer}`)
        member.errors.push(error)
      },
      frame: (from, bytes) => member.frames.push({ from, bytes }),
      drained: (peer) => member.log.push(`drained ${peer}`),
      signal: (to, signal) => this.#deliver(member, to, signal),
    })
    this.members.set(id, member)
    return member
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.values()].map((member) => member.links.close()))
  }

  #deliver(from: TestMember, to: string, signal: Signal): void {
    from.signals.push({ to, signal })
    const carried = this.carry(from.id, to, signal)
    if (carried === undefined) return
    const text = JSON.stringify(carried)
    setTimeout(() => {
      const parsed = parseSignal(text)
      if (parsed) this.members.get(to)?.links.receiveSignal(from.id, parsed)
    }, 0)
  }
}

/** How often `line` stands in the log. */
export function count(member: TestMember, line: string): number {
  return member.log.filter((entry) => entry === line).length
}

/** Waits for the link of two members. */
export async function linked(a: TestMember, b: TestMember): Promise<void> {
  await until(
    () => a.log.includes(`up ${b.id}`) && b.log.includes(`up ${a.id}`),
    `${a.id} and ${b.id} linked`,
  )
}
