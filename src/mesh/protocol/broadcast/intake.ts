import { unreachable } from '../../../base/unreachable.js'
import type { ReceiveResult } from '../../../data/replica-port.js'
import type { Claim } from '../../wire/claim.js'
import type { GossipFrame } from '../../wire/frame.js'
import type { EngineContext } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { PresenceTable } from '../liveness/presence-table.js'
import type { MessageRelay } from '../overlay/message-relay.js'
import type { Routes } from '../overlay/routes.js'
import type { Acknowledgements } from './acknowledgements.js'
import type { ClaimQueue } from './claim-queue.js'

/** All but updates is no data: there is nothing that could be early or refused. */
const APPLIED: ReceiveResult = { type: 'applied', news: true }

export interface IntakeParts {
  acks: Acknowledgements
  claims: ClaimQueue
  messages: MessageRelay
  presence: PresenceTable
  routes: Routes
  table: MemberTable
}

/** Hands what a new envelope carries to the part that it is for. */
export function takeEnvelope(
  context: EngineContext,
  { acks, claims, messages, presence, routes, table }: IntakeParts,
  { body, origin }: GossipFrame,
  from: string,
  now: number,
): ReceiveResult {
  const hear = (claim: Claim) => {
    // Nobody else speaks of what a member shows.
    if (claim.type === 'presence') return void (claim.id === origin && presence.hear(claim, now))
    if (claim.type === 'member') {
      routes.hint(claim.id, from)
      claims.heard(claim)
    }
    // The watcher of a page that is being stopped does not know it yet.
    if (claim.type !== 'suspect' || !presence.isFrozen(claim.id, now)) table.take(claim, 'nobody', now)
  }
  routes.learn(origin, from)
  switch (body.type) {
    case 'update':
      return context.replica.receive(body.update)
    case 'claims':
      for (const claim of body.claims) hear(claim)
      return APPLIED
    case 'message':
      messages.hear(body, origin, from)
      return APPLIED
    case 'ack-request':
      acks.asked(origin, body, now)
      return APPLIED
    case 'beacon':
      return APPLIED
    default:
      return unreachable(body)
  }
}
