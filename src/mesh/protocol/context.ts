/** What the parts of one engine share. */
import type { Random } from '../../base/random.js'
import type { ReplicaPort } from '../../data/replica-port.js'
import type { RateLimiter } from '../rate-limit/rate-limiter.js'
import type { Score } from '../rate-limit/score.js'
import type { Frame } from '../wire/frame.js'
import type { ProtocolConfig } from './config.js'
import type { Health } from './liveness/health.js'
import type { Neighbor, PeerView } from './overlay/peer-view.js'
import type { Outbox } from './step.js'

/** Counters since the start. */
export interface EngineCounters {
  /** Envelopes that came a second time. */
  duplicates: number
  /** Envelopes asked for because they were announced, or skipped in a sequence, and did not come. */
  grafts: number
  /** Frames that break a rule; each cost its link. */
  offences: number
  /** Links that were not taken: of members that are refused, of too many at once that did not say HELLO, or for want of room. */
  linksRefused: number
  /** Links that ended since their peer sent too much, or took too little. */
  overloads: number
  /** Updates that the replica could not take in its present state. */
  refusals: number
  /** Syncs asked for. */
  syncs: number
  /** Dials begun. */
  dials: number
}

/** All that an engine counts. */
export interface EngineMetrics extends EngineCounters {
  /** Envelopes that wait for what they follow, now. */
  held: number
  /** Members that are refused for what they sent, now. */
  membersExpelled: number
  /** Questions of neighbors that were too many. */
  answersRefused: number
  /** Records beyond MEMBERS_MAX. */
  membersRefused: number
  /** Suspicions beyond SUSPICIONS_PER_MINUTE. */
  accusationsIgnored: number
}

export interface EngineContext {
  readonly id: string
  readonly config: ProtocolConfig
  readonly random: Random
  readonly replica: ReplicaPort
  readonly view: PeerView
  readonly outbox: Outbox
  readonly counters: EngineCounters
  readonly health: Health
  readonly score: Score
  readonly limiter: RateLimiter
}

/** A part of the engine. It has no timer: the engine asks each part when to tick, and ticks them in their order. */
export interface Part {
  /** When `tick` has something to do next; absent: never by itself. */
  deadline?(now: number): number
  tick?(now: number): void
  /** A link opened, in place of an older one perhaps. */
  linkUp?(neighbor: Neighbor, now: number): void
  /** The link to `id` is gone, and with it what this part knows of that neighbor. */
  linkGone?(id: string, now: number): void
}

/** Sends to a neighbor and remembers when, so that no heartbeat is owed. */
export function sendTo(
  context: Pick<EngineContext, 'outbox'>,
  neighbor: Neighbor,
  frame: Frame,
  now: number,
): void {
  neighbor.lastSent = now
  context.outbox.send(neighbor.id, frame)
}

/** What became of something that came in. */
export type Outcome = 'offence' | 'changed' | 'unchanged'
