/** Which part takes which input: one entry for each type, so that the compiler asks for a new one. */
import type { EngineContext } from './context.js'
import type { Parts } from './parts.js'
import type { Input } from './step.js'

type Handlers<T extends Input['type']> = {
  readonly [K in T]: (input: Extract<Input, { type: K }>, now: number) => void
}
export type InputHandlers = Handlers<Input['type']>

/** The parts that take inputs, and what the engine takes itself. */
type InputParts = Parts & Handlers<'frame' | 'leave'>

export function inputHandlers(context: EngineContext, parts: InputParts): InputHandlers {
  const { frame, leave } = parts
  return {
    ...{ frame, leave },
    ...linkInputs(parts),
    ...signalingInputs(context, parts),
    ...localInputs(parts),
    tick(_input, now) {
      for (const part of parts.all) part.tick?.(now)
    },
  }
}

function linkInputs({ neighborhood, routes, watch }: Parts) {
  return {
    'link-up'({ peer }, now) {
      routes.linked(peer)
      neighborhood.opened(peer, now)
    },
    'link-down': ({ peer }, now) => watch.broken(peer, now),
    'dial-failed'({ peer }, now) {
      routes.dialFailed(peer)
      neighborhood.dialFailed(peer, now)
    },
    malformed: ({ peer, kind }, now) => neighborhood.offence(peer, now, kind),
    overload: ({ peer }, now) => neighborhood.overloaded(peer, now),
    slow: ({ peer }) => neighborhood.slow(peer),
    drained: ({ peer }, now) => neighborhood.drained(peer, now),
  } satisfies Partial<InputHandlers>
}

function signalingInputs({ view }: EngineContext, { overlay, routes, table, watch }: Parts) {
  return {
    contacts({ contacts }, now) {
      // No other writer is there: what this member holds is all there is.
      if (contacts.length === 0 && view.sources().length === 0) table.leases.makeReady(now)
      overlay.offer(
        contacts.map(({ id }) => id),
        now,
      )
    },
    signaling({ connected }) {
      routes.serverUp = connected
    },
    signal: ({ peer, signal }, now) => routes.send(peer, signal, now),
    'signal-received': ({ peer }) => routes.cameByServer(peer),
    absent: ({ peer }, now) => watch.absent(peer, now),
  } satisfies Partial<InputHandlers>
}

function localInputs({ acks, broadcast, heartbeat, messages, presence, sync, table }: Parts) {
  return {
    'local-updates'({ updates }, now) {
      for (const update of updates) broadcast.originate({ type: 'update', update }, now)
      sync.changed(now)
    },
    visibility({ visibility }, now) {
      presence.show({ frozen: visibility === 'frozen' }, now)
      heartbeat.show(visibility, now)
    },
    presence: ({ state }, now) => presence.show({ state }, now),
    message: ({ to, bytes }, now) => messages.send(to, bytes, now),
    self: ({ change }, now) => table.changeSelf(change, now),
    'await-acks': ({ call, acks: wanted }, now) => acks.wait(call, wanted, now),
    'end-acks': ({ call }) => acks.end(call),
  } satisfies Partial<InputHandlers>
}
