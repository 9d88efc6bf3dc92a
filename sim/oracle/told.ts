/** What members of an oracle run make, tell, answer and keep, each with what its author had seen. */
import { decodeEnvelope } from '../../src/data/replica/envelope.js'
import type { GossipFrame } from '../../src/mesh/wire/frame.js'
import type { Knowledge, Write } from './causality.js'

/** One write that a member is to make. */
export interface Operation {
  type: 'set' | 'delete'
  key: string
}

/** A broadcast, and what it tells. */
export interface Told {
  frame: GossipFrame
  writes: readonly Write[]
}

/** A checkpoint, and what its writer had seen. */
export interface Saved {
  checkpoint: Uint8Array
  knowledge: Knowledge
  session: number
}

/** What one event added to the log of a member, and what the member had seen then. */
export interface Logged {
  records: readonly Uint8Array[]
  knowledge: Knowledge
  digest: string
}

/** A sync answer on its way. */
export interface Answer {
  finish: () => Uint8Array | undefined
  knowledge: Knowledge
}

/** The broadcast of an update. */
export function frameOf(
  name: Pick<GossipFrame, 'origin' | 'epoch' | 'seq'>,
  update: Uint8Array,
): GossipFrame {
  return {
    ...name,
    type: 'gossip',
    round: 0,
    ownTree: false,
    shapes: false,
    body: { type: 'update', update },
  }
}

export function updateIn(frame: GossipFrame): Uint8Array {
  return frame.body.type === 'update' ? frame.body.update : new Uint8Array()
}

/** How many writes an update carries: consecutive ones of one session. */
export function writesOf(update: Uint8Array): number {
  const envelope = decodeEnvelope(update)
  if ('type' in envelope) throw new Error(`An own update is refused: ${envelope.kind}`)
  return envelope.update.runs.reduce((sum, { start, end }) => sum + end - start, 0)
}
