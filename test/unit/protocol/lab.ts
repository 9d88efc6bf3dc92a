/** One engine with a hand on its clock and its inputs, and what its outputs hold. */
import { expect } from 'chai'
import type { MemberRecord } from '../../../src/base/member.js'
import { seededRandom } from '../../../src/base/random.js'
import { Replica } from '../../../src/data/replica/replica.js'
import { Engine } from '../../../src/mesh/protocol/engine.js'
import type { Input, Output } from '../../../src/mesh/protocol/step.js'
import type { Frame, HeartbeatFrame } from '../../../src/mesh/wire/frame.js'

/** A record of one of the members. */
export const record = (session: number, incarnation = 100): MemberRecord => ({
  port: null,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session,
  incarnation,
  joined: 1,
})

/** One engine with a hand on its clock and its inputs. */
export class Lab {
  readonly replica = new Replica({ random: seededRandom(1), wall: () => 1_767_225_600_000 + this.now })
  readonly engine: Engine
  now = 0

  constructor() {
    const random = seededRandom(2)
    this.engine = new Engine({
      id: 'me',
      topic: 't',
      record: record(this.replica.session),
      replica: this.replica.exchange,
      random,
      now: 0,
    })
  }

  give(input: Input): Output[] {
    return this.engine.handle(input, this.now)
  }

  frame(peer: string, frame: Frame): Output[] {
    return this.give({ type: 'frame', peer, frame })
  }

  /** A link to `peer` with HELLO behind it. */
  link(peer: string, links = 3): Output[] {
    const up = this.give({ type: 'link-up', peer })
    return [
      ...up,
      ...this.frame(peer, {
        type: 'hello',
        topic: 't',
        id: peer,
        record: record(7),
        lease: 0,
        links,
        intent: 'accept',
      }),
    ]
  }

  /** A heartbeat of `peer`, which holds the same data. */
  beat(peer: string, fields: Partial<HeartbeatFrame> = {}): Output[] {
    const digest = this.replica.exchange.digest()
    const bare = {
      digest,
      time: 1,
      echo: 0,
      visibility: 'visible',
      hasSlot: true,
      announced: [],
      leases: [],
    } as const
    return this.frame(peer, { type: 'heartbeat', ...bare, ...fields })
  }

  /** Lets `seconds` pass, in each of which every one of `peers` sends a heartbeat. */
  beats(seconds: number, peers: readonly string[], fields: Partial<HeartbeatFrame> = {}): Output[] {
    const outputs: Output[] = []
    for (let second = 0; second < seconds; second++) {
      for (const peer of peers) outputs.push(...this.beat(peer, fields))
      outputs.push(...this.pass(1_000))
    }
    return outputs
  }

  /** Ticks at each deadline until `millis` have passed. */
  pass(millis: number): Output[] {
    const end = this.now + millis
    const outputs: Output[] = []
    for (let steps = 0; steps < 10_000; steps++) {
      const at = this.engine.deadline(this.now)
      if (at > end) break
      expect(steps, 'ticks without progress').to.be.lessThan(9_999)
      this.now = Math.max(this.now, at)
      outputs.push(...this.give({ type: 'tick' }))
    }
    this.now = end
    return outputs
  }
}

/** The frames that go to `peer`, of one type or all. */
export const sentTo = (outputs: readonly Output[], peer: string, type?: Frame['type']) =>
  outputs.flatMap((output) =>
    output.type === 'send' && output.peer === peer && (!type || output.frame.type === type)
      ? [output.frame]
      : [],
  )

/** The claims about members that go to `peer`, with others or alone. */
export const claimsTo = (outputs: readonly Output[], peer: string) =>
  sentTo(outputs, peer).flatMap((frame) => {
    if (frame.type === 'gossip') return frame.body.type === 'claims' ? frame.body.claims : []
    return frame.type === 'member' || frame.type === 'suspect' || frame.type === 'leave' ? [frame] : []
  })
