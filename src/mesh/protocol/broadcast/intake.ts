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

interface IntakeParts {
  acks: Acknowledgements
  claims: ClaimQueue
  messages: MessageRelay
  presence: PresenceTable
  routes: Routes
  table: MemberTable
}

/** Hands what a new envelope carries to the part that it is for. */
export function takeEnvelope(
  { replica }: EngineContext,
  parts: IntakeParts,
  { body, origin }: GossipFrame,
  from: string,
  now: number,
): ReceiveResult {
  parts.routes.learn(origin, from)
  if (body.type === 'update') return replica.receive(body.update)
  if (body.type === 'claims') for (const claim of body.claims) hear(parts, claim, { origin, from }, now)
  if (body.type === 'message') parts.messages.hear(body, origin, from)
  if (body.type === 'ack-request') parts.acks.asked(origin, body, now)
  return APPLIED
}

function hear(
  { claims, presence, routes, table }: IntakeParts,
  claim: Claim,
  { origin, from }: { origin: string; from: string },
  now: number,
): void {
  if (claim.type === 'member') {
    routes.hint(claim.id, from)
    claims.heard(claim)
  }
  if (claim.type === 'presence') {
    // Nobody else speaks of what a member shows.
    if (claim.id === origin) presence.hear(claim, now)
    // The watcher of a page that is being stopped does not know it yet.
  } else if (claim.type !== 'suspect' || !presence.isFrozen(claim.id, now)) table.take(claim, 'nobody', now)
}
