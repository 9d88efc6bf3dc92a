/** Which part takes which frame: one entry for each type, so that the compiler asks for a new one. */
import type { Frame } from '../wire/frame.js'
import type { Acknowledgements } from './broadcast/acknowledgements.js'
import type { Plumtree } from './broadcast/plumtree.js'
import type { EngineContext, Outcome } from './context.js'
import type { Heartbeat } from './liveness/heartbeat.js'
import type { MemberTable } from './liveness/member-table.js'
import type { PresenceTable } from './liveness/presence-table.js'
import type { MessageRelay } from './overlay/message-relay.js'
import type { Neighborhood } from './overlay/neighborhood.js'
import { isReader, type Neighbor } from './overlay/peer-view.js'
import type { Routes } from './overlay/routes.js'
import type { AntiEntropy } from './sync/anti-entropy.js'
import type { TableComparison } from './sync/table-comparison.js'

/** The parts that take frames. */
export interface FrameParts {
  acks: Acknowledgements
  broadcast: Plumtree
  comparison: TableComparison
  heartbeat: Heartbeat
  messages: MessageRelay
  neighborhood: Neighborhood
  presence: PresenceTable
  routes: Routes
  sync: AntiEntropy
  table: MemberTable
  /** Bytes for the replica have been taken, or refused. */
  merged(neighbor: Neighbor, outcome: Outcome, now: number): void
}

export type FrameHandlers = {
  readonly [T in Frame['type']]: (neighbor: Neighbor, frame: Extract<Frame, { type: T }>, now: number) => void
}

export function frameHandlers(context: EngineContext, parts: FrameParts): FrameHandlers {
  const { acks, broadcast, comparison, heartbeat, messages, neighborhood, presence, routes, sync, table } =
    parts
  return {
    hello: (...told) => neighborhood.hello(...told),
    disconnect: (...told) => neighborhood.disconnected(...told),
    heartbeat(neighbor, frame, now) {
      heartbeat.receive(neighbor, frame, now)
      broadcast.announced(frame.announced, neighbor, now)
      table.leases.renew(frame.leases, { id: neighbor.id, isReader: isReader(neighbor) }, now)
      sync.compare(neighbor, frame.digest, now)
    },
    gossip: (neighbor, frame, now) => parts.merged(neighbor, broadcast.receive(frame, neighbor, now), now),
    graft: (neighbor, frame, now) => broadcast.grafted(frame, neighbor, now),
    prune: (neighbor, frame, now) => broadcast.pruned(frame, neighbor, now),
    interleave: (...told) => neighborhood.interleaved(...told),
    signal(neighbor, frame, now) {
      if (!context.score.isRefused(frame.from, now)) routes.receive(frame, neighbor.id, now)
    },
    digest(neighbor, frame, now) {
      comparison.compare(neighbor, frame.members, now)
      sync.receiveDigest(neighbor, frame, now)
    },
    members: (...told) => comparison.answer(...told),
    'sync-request'({ id }, frame, now) {
      if (sync.serve(id, frame, now) === 'malformed') neighborhood.offence(id, now)
    },
    'sync-part': (neighbor, frame, now) =>
      parts.merged(neighbor, sync.receivePart(neighbor, frame, now), now),
    'sync-pull': ({ id }, frame, now) => sync.pull(id, frame.exchange, frame.next, now),
    'sync-busy': (neighbor, frame, now) => sync.busy(neighbor, frame.exchange, now),
    'ack-request': ({ id }, frame, now) => acks.asked(id, frame, now),
    ack: ({ id }, frame, now) => acks.receive(frame, id, now),
    member: (...told) => neighborhood.told(...told),
    suspect: (...told) => neighborhood.told(...told),
    leave: (...told) => neighborhood.told(...told),
    presence({ id }, frame, now) {
      // A repair: the other neighbors are to compare as well, since nobody floods it.
      if (presence.hear(frame, now)) sync.spread(now, id)
    },
    message: ({ id }, frame, now) => messages.receive(frame, id, now),
  }
}
