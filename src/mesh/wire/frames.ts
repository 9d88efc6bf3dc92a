/**
 * Every frame, one entry each: its number, its bytes, when it leaves a full link, what a reader may say with it, and what
 * an answer to it costs. The codec, the filter of readers, the signatures and the rate limits are made of this table, and
 * docs/PROTOCOL.md and docs/SECURITY.md are held to it; the compiler asks for each column. Default closed: a frame is let
 * in from readers only where its entry says so, and one that is spoken in somebody's name only in that of its sender.
 */
import type { BudgetName } from '../rate-limit/rate-limiter.js'
import type { Claim, MessageFrame } from './claim.js'
import { DISCONNECT_REASONS, type Frame, type GossipFrame, LINK_INTENTS, type Priority } from './frame.js'
import {
  ackRequest,
  announced,
  CLAIMS,
  digest,
  type Fields,
  gossip,
  heartbeat,
  marks,
  message,
  partHeadFields,
  proof,
  record,
} from './frame-layouts.js'
import {
  byte,
  bytes,
  checked,
  choice,
  flag,
  integer,
  list,
  optional,
  struct,
  text,
  view,
  word,
} from './layout.js'
import { SIGNAL_CHARACTERS_MAX, SLOTS_NAMED_MAX } from './wire-limits.js'

/** What its author signs in a cluster with a secret, and every member that passes it on checks. */
export type Signed = Claim | MessageFrame

/** A frame that is spoken in the name of a member, which need not be its sender. */
type Named = { origin: string } | { from: string } | { id: string }

/** What is fixed about one type of frame. */
export type FrameKind<F extends Frame> = {
  /** The second byte. Never used again for another type. 2 is AUTH, which never reaches the protocol (security/handshake.ts). */
  tag: number
  layout: Fields<Frame, F['type']>
  /** Life signs leave a full link first, then what this member says, then what it passes on, then syncs. */
  priority: Priority | ((frame: F) => Priority)
  /** What is signed in it. Absent: nothing. */
  claims?: (frame: F) => readonly Signed[]
  /** What its sender pays for the answer, or for carrying it on. Absent: nothing. */
  cost?: BudgetName
} & (F extends Named
  ? {
      /** Whether a link takes it from a reader; `own`: in the name of that reader alone. */
      fromReader: 'never' | 'own'
      /** In whose name it is. */
      author: (frame: F) => string
    }
  : { fromReader: 'never' | 'any' })

const itself = <F extends Signed>(frame: F): readonly Signed[] => [frame]

export const FRAMES: { readonly [K in Frame['type']]: FrameKind<Extract<Frame, { type: K }>> } = {
  hello: {
    tag: 1,
    layout: struct({
      topic: word,
      id: word,
      record,
      lease: integer,
      proof,
      links: integer,
      intent: choice(LINK_INTENTS),
    }),
    priority: 0,
    fromReader: 'own',
    author: ({ id }) => id,
    // HELLO is its sender's record.
    claims: ({ id, record, lease, proof }) => [
      { type: 'member', id, record, lease, ...(proof && { proof }) },
    ],
  },
  heartbeat: { tag: 3, layout: heartbeat, priority: 0, fromReader: 'any' },
  gossip: {
    tag: 4,
    layout: gossip,
    priority: priorityOfGossip,
    fromReader: 'own',
    author: ({ origin }) => origin,
    claims: ({ body }) => (body.type === 'claims' ? body.claims : body.type === 'message' ? [body] : []),
  },
  graft: { tag: 6, layout: struct({ tree: integer, wanted: announced }), priority: 1, fromReader: 'any' },
  prune: { tag: 7, layout: struct({ tree: integer }), priority: 1, fromReader: 'any' },
  digest: {
    tag: 8,
    layout: struct({ replica: digest, members: integer, ask: flag }),
    priority: 2,
    fromReader: 'any',
  },
  'sync-request': {
    tag: 9,
    layout: struct({ exchange: integer, summary: bytes() }),
    priority: 1,
    fromReader: 'any',
    cost: 'sync',
  },
  'sync-part': {
    tag: 10,
    layout: struct({ ...partHeadFields, bytes: view }),
    priority: 3,
    fromReader: 'never',
  },
  interleave: {
    tag: 12,
    layout: struct({ step: choice(['offer', 'done', 'failed'] as const), member: word }),
    priority: 1,
    fromReader: 'never',
  },
  disconnect: {
    tag: 14,
    layout: struct({
      reason: choice(DISCONNECT_REASONS),
      others: optional(
        checked(list(word), ({ length }) => length <= SLOTS_NAMED_MAX, 'disconnect: more than 8 others'),
      ),
    }),
    priority: 3,
    fromReader: 'any',
  },
  signal: {
    tag: 17,
    layout: struct({ from: word, to: word, hops: byte, payload: text(SIGNAL_CHARACTERS_MAX) }),
    priority: 0,
    fromReader: 'own',
    author: ({ from }) => from,
    cost: 'signal',
  },
  suspect: {
    tag: 18,
    layout: CLAIMS.suspect,
    priority: 0,
    fromReader: 'never',
    author: ({ by }) => by,
    claims: itself,
  },
  leave: {
    tag: 21,
    layout: CLAIMS.leave,
    priority: 0,
    fromReader: 'own',
    author: ({ id }) => id,
    claims: itself,
  },
  member: {
    tag: 25,
    layout: CLAIMS.member,
    priority: 0,
    fromReader: 'own',
    author: ({ id }) => id,
    claims: itself,
  },
  presence: {
    tag: 26,
    layout: CLAIMS.presence,
    priority: 0,
    fromReader: 'own',
    author: ({ id }) => id,
    claims: itself,
  },
  message: {
    tag: 27,
    layout: message,
    priority: 2,
    fromReader: 'never',
    author: ({ from }) => from,
    claims: itself,
  },
  'sync-pull': {
    tag: 28,
    layout: struct({ exchange: integer, next: integer }),
    priority: 1,
    fromReader: 'any',
  },
  'sync-busy': { tag: 29, layout: struct({ exchange: integer }), priority: 1, fromReader: 'never' },
  members: {
    tag: 30,
    layout: struct({ ask: flag, buckets: list(integer) }),
    priority: 1,
    fromReader: 'any',
    cost: 'members',
  },
  'ack-request': { tag: 31, layout: ackRequest, priority: 1, fromReader: 'never' },
  ack: {
    tag: 32,
    layout: struct({ from: word, to: word, hops: byte, marks, proof }),
    priority: 1,
    fromReader: 'never',
    author: ({ from }) => from,
  },
}

/** The frames that a link takes from a reader, or signs: by their second byte. */
const KINDS = new Map(Object.entries(FRAMES).map(([type, { tag }]) => [tag, type as Frame['type']] as const))

/** The type of a frame by its second byte; undefined: of a later version. */
export function typeOfTag(tag: number | undefined): Frame['type'] | undefined {
  return KINDS.get(tag ?? 0)
}

/** The entry of one frame. */
export function kindOf<F extends Frame>(frame: F): FrameKind<F> {
  return FRAMES[frame.type] as unknown as FrameKind<F>
}

/** In which order a frame leaves a full link. */
export function priorityOf(frame: Frame): Priority {
  const { priority } = kindOf(frame)
  return typeof priority === 'number' ? priority : priority(frame as never)
}

/** What is signed in a frame. */
export function claimsOf(frame: Frame): readonly Signed[] {
  return kindOf(frame).claims?.(frame as never) ?? []
}

/** Whether `reader` may say this: nothing in it is said in the name of another member, and nothing that only writers say. */
export function isSpokenBy(frame: Frame, reader: string): boolean {
  const kind: { fromReader: string; author?: (frame: never) => string } = kindOf(frame)
  if (kind.fromReader !== 'own') return kind.fromReader === 'any'
  return (
    kind.author?.(frame as never) === reader && claimsOf(frame).every((claim) => isOwnClaim(claim, reader))
  )
}

function isOwnClaim(claim: Signed, reader: string): boolean {
  if (claim.type === 'message' || claim.type === 'suspect' || claim.id !== reader) return false
  return claim.type !== 'member' || claim.record.role === 'reader'
}

/** Goodbyes follow the last writes of their member, also on the way on; questions of acknowledgements follow what they ask about. */
function priorityOfGossip({ body, round }: GossipFrame): Priority {
  const isNews = body.type === 'claims' && !body.claims.some(({ type }) => type === 'leave')
  if (isNews || body.type === 'beacon') return 0
  return round === 0 ? 1 : 2
}
