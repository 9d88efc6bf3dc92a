/** One member's protocol with a real replica and a hand on its clock, for attackers that hold a link to it. */

import type { MemberRecord } from '../../src/base/member.js'
import { seededRandom } from '../../src/base/random.js'
import { Replica } from '../../src/data/replica/replica.js'
import { Engine } from '../../src/mesh/protocol/engine.js'
import type { Input, Output } from '../../src/mesh/protocol/step.js'
import { encodeFrame } from '../../src/mesh/wire/codec.js'
import type { Frame, HeartbeatFrame } from '../../src/mesh/wire/frame.js'

/** What a member tells of itself. */
export function recordOf(session: number, incarnation = 100): MemberRecord {
  return { port: null, protocol: 'v1', kind: 'node', role: 'writer', session, incarnation, joined: 1 }
}

/** The attacked member, `me`. */
export class EngineLab {
  readonly replica: Replica
  readonly engine: Engine
  now = 0

  constructor(role: MemberRecord['role'] = 'writer') {
    this.replica = new Replica({ random: seededRandom(1), wall: () => 1_767_225_600_000 + this.now })
    this.engine = new Engine({
      id: 'me',
      topic: 't',
      record: { ...recordOf(this.replica.session), role },
      replica: this.replica.exchange,
      random: seededRandom(2),
      now: 0,
    })
  }

  give(input: Input): Output[] {
    return this.engine.handle(input, this.now)
  }

  frame(peer: string, frame: Frame): Output[] {
    return this.give({ type: 'frame', peer, frame })
  }

  hello(peer: string, role: MemberRecord['role'] = 'writer', session = 7): Output[] {
    const record = { ...recordOf(session), role }
    return this.frame(peer, {
      type: 'hello',
      topic: 't',
      id: peer,
      record,
      lease: 0,
      links: 3,
      intent: 'accept',
    })
  }

  /** A link to `peer` with HELLO behind it. */
  link(peer: string, role?: MemberRecord['role'], session?: number): Output[] {
    return [...this.give({ type: 'link-up', peer }), ...this.hello(peer, role, session)]
  }

  /** Time passes, with a tick every 100 ms and a sign of life of each of `alive` every second. */
  pass(millis: number, alive: readonly string[] = []): Output[] {
    const outputs: Output[] = []
    for (const end = this.now + millis; this.now < end; ) {
      this.now += 100
      if (this.now % 1000 === 0) for (const peer of alive) outputs.push(...this.beat(peer))
      outputs.push(...this.give({ type: 'tick' }))
    }
    return outputs
  }

  beat(peer: string, news: Partial<Pick<HeartbeatFrame, 'announced' | 'leases'>> = {}): Output[] {
    const digest = this.replica.exchange.digest()
    return this.frame(peer, {
      type: 'heartbeat',
      digest,
      time: 1,
      echo: 0,
      visibility: 'visible',
      hasSlot: true,
      announced: [],
      leases: [],
      ...news,
    })
  }
}

/** The frames among outputs, to one peer. */
export function sentTo(outputs: readonly Output[], peer: string): Frame[] {
  return outputs.flatMap((output) => (output.type === 'send' && output.peer === peer ? [output.frame] : []))
}

/** What frames weigh on the wire. */
export function bytesOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, frame) => sum + encodeFrame(frame).length, 0)
}

/** Whether the link to `peer` was ended. */
export function isEnded(outputs: readonly Output[], peer: string): boolean {
  return outputs.some((output) => output.type === 'disconnect' && output.peer === peer)
}
