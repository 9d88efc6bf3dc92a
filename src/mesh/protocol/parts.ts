/** The parts of an engine, and how they hang together. */
import type { MemberRecord } from '../../base/member.js'
import { Acknowledgements } from './broadcast/acknowledgements.js'
import { Beacon } from './broadcast/beacon.js'
import { ClaimQueue } from './broadcast/claim-queue.js'
import { takeEnvelope } from './broadcast/intake.js'
import { Plumtree } from './broadcast/plumtree.js'
import type { EngineContext, Part } from './context.js'
import { Heartbeat } from './liveness/heartbeat.js'
import { MemberTable, type TableEvents } from './liveness/member-table.js'
import { PresenceTable } from './liveness/presence-table.js'
import { Watch } from './liveness/watch.js'
import { Interleave } from './overlay/interleave.js'
import { MessageRelay } from './overlay/message-relay.js'
import { Neighborhood } from './overlay/neighborhood.js'
import { Overlay } from './overlay/overlay.js'
import { Routes } from './overlay/routes.js'
import { AntiEntropy } from './sync/anti-entropy.js'
import { TableComparison } from './sync/table-comparison.js'

export type Parts = ReturnType<typeof partsOf>

/** Makes all parts of one engine; `all` has those that tick, in their order. */
export function partsOf(
  context: EngineContext,
  self: { topic: string; record: MemberRecord },
  displaced: (now: number) => void,
  now: number,
) {
  const claims = new ClaimQueue()
  const events = tableEvents(context, () => named, displaced)
  const table: MemberTable = new MemberTable(self.record, context, claims, events, now)
  const overlay = new Overlay(context, table)
  const presence = new PresenceTable(context, table.roster)
  const heartbeat = new Heartbeat(context, table)
  const routes = new Routes(context)
  const interleave = new Interleave(context)
  const comparison = new TableComparison(context, table, presence)
  const sync = new AntiEntropy(context, comparison, now)
  const broadcast: Plumtree = new Plumtree(context, sync, (frame, from, at) =>
    takeEnvelope(context, named, frame, from, at),
  )
  const acks = new Acknowledgements(context, { broadcast, routes, sync, table })
  const messages = new MessageRelay(context, routes, table, broadcast)
  const beacon = new Beacon(context, table, broadcast, now)
  const all: Part[] = []
  const neighborhood = new Neighborhood(context, self.topic, {
    all,
    broadcast,
    interleave,
    overlay,
    sync,
    table,
  })
  const watch: Watch = new Watch(context, { heartbeat, neighborhood, overlay, presence, sync, table }, now)
  all.push(interleave, heartbeat, watch, neighborhood, table, broadcast, sync)
  all.push(comparison, acks, overlay, beacon, claims, presence)
  const named = {
    ...{ acks, all, broadcast, claims, comparison, heartbeat, messages, neighborhood },
    ...{ overlay, presence, routes, sync, table, watch },
  }
  return named
}

interface TableListeners {
  heartbeat: Heartbeat
  neighborhood: Neighborhood
  overlay: Overlay
  presence: PresenceTable
  routes: Routes
  sync: AntiEntropy
  watch: Watch
}

/** What the member table makes the parts do that were made after it. */
function tableEvents(
  { outbox }: EngineContext,
  parts: () => TableListeners,
  displaced: (now: number) => void,
): TableEvents {
  return {
    renewed(id, tag, lease, from) {
      if (from !== undefined) parts().routes.learn(id, from)
      parts().heartbeat.passLease({ tag, lease }, from)
    },
    fetched: (now) => parts().sync.spread(now),
    removed(id, how, now) {
      const { neighborhood, overlay, presence } = parts()
      presence.forget(id)
      if (how === 'dead') neighborhood.died(id, now)
      else overlay.left(id)
      outbox.push({ type: 'gone', id, how })
    },
    unwatched: (id, now) => parts().watch.unwatched(id, now),
    displaced,
  }
}
