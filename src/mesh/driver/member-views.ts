/** The member table of an engine, joined with what it knows of each link. */
import type { Engine } from '../protocol/engine.js'
import { isReady } from '../protocol/liveness/leases.js'
import type { MemberView } from './driver-types.js'

export function memberViews(engine: Engine, now: number): MemberView[] {
  const { table, view, presence } = engine
  return Array.from(table.entries(), (entry) => {
    const { id, record, suspicion } = entry
    const neighbor = view.get(id)
    return {
      id,
      record,
      state: suspicion ? 'suspect' : presence.isFrozen(id, now) ? 'frozen' : 'alive',
      ready: isReady(entry),
      presence: presence.get(id)?.state,
      direct: neighbor?.record !== undefined,
      rttMillis: neighbor?.srtt,
      inSync: neighbor && engine.inSync(neighbor),
    }
  })
}
