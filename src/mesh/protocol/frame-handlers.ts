/** Which part takes which frame: one entry for each type, so that the compiler asks for a new one. */
import type { MembershipClaim } from '../wire/claim.js'
import type { Frame } from '../wire/frame.js'
import type { EngineContext, Outcome } from './context.js'
import { isReader, type Neighbor } from './overlay/peer-view.js'
import type { Parts } from './parts.js'

export type FrameHandlers = {
  readonly [T in Frame['type']]: (neighbor: Neighbor, frame: Extract<Frame, { type: T }>, now: number) => void
}

/** The parts that take frames. */
interface FrameParts extends Parts {
  /** Bytes for the replica have been taken, or refused. */
  merged(neighbor: Neighbor, outcome: Outcome, now: number): void
}

export function frameHandlers(context: EngineContext, parts: FrameParts): FrameHandlers {
  return {
    ...linkFrames(parts),
    ...dataFrames(parts),
    ...routedFrames(context, parts),
    ...memberFrames(parts),
  }
}

function linkFrames({ broadcast, heartbeat, neighborhood, sync, table }: FrameParts) {
  return {
    hello: (...told) => neighborhood.hello(...told),
    disconnect: (...told) => neighborhood.disconnected(...told),
    interleave: (...told) => neighborhood.interleaved(...told),
    heartbeat(neighbor, frame, now) {
      heartbeat.receive(neighbor, frame, now)
      broadcast.announced(frame.announced, neighbor, now)
      table.leases.renew(frame.leases, { id: neighbor.id, isReader: isReader(neighbor) }, now)
      sync.compare(neighbor, frame.digest, now)
    },
  } satisfies Partial<FrameHandlers>
}

function dataFrames({ broadcast, comparison, merged, neighborhood, sync }: FrameParts) {
  return {
    gossip: (neighbor, frame, now) => merged(neighbor, broadcast.receive(frame, neighbor, now), now),
    graft: (neighbor, frame, now) => broadcast.grafted(frame, neighbor, now),
    prune: (neighbor, frame, now) => broadcast.pruned(frame, neighbor, now),
    digest(neighbor, frame, now) {
      comparison.compare(neighbor, frame.members, now)
      sync.receiveDigest(neighbor, frame, now)
    },
    'sync-request'({ id }, frame, now) {
      if (sync.serve(id, frame, now) === 'malformed') neighborhood.offence(id, now)
    },
    'sync-part': (neighbor, frame, now) => merged(neighbor, sync.receivePart(neighbor, frame, now), now),
    'sync-pull': ({ id }, frame, now) => sync.exchange.pull(id, frame.exchange, frame.next, now),
    'sync-busy': (neighbor, frame, now) => sync.busy(neighbor, frame.exchange, now),
  } satisfies Partial<FrameHandlers>
}

function routedFrames({ score }: EngineContext, { acks, messages, routes }: FrameParts) {
  return {
    signal({ id }, frame, now) {
      if (!score.isRefused(frame.from, now)) routes.receive(frame, id, now)
    },
    message: ({ id }, frame, now) => messages.receive(frame, id, now),
    'ack-request': ({ id }, frame, now) => acks.asked(id, frame, now),
    ack: ({ id }, frame, now) => acks.receive(frame, id, now),
  } satisfies Partial<FrameHandlers>
}

function memberFrames({ comparison, neighborhood, presence, sync }: FrameParts) {
  const told = (neighbor: Neighbor, claim: MembershipClaim, now: number) =>
    neighborhood.told(neighbor, claim, now)
  return {
    ...{ member: told, suspect: told, leave: told },
    members: (...compared) => comparison.answer(...compared),
    presence({ id }, frame, now) {
      // A repair: the other neighbors are to compare as well, since nobody floods it.
      if (presence.hear(frame, now)) sync.spread(now, id)
    },
  } satisfies Partial<FrameHandlers>
}
