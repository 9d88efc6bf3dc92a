/** The real replica as a simulated member has it: it writes keys of its own choice, again and again. */
import { planAll, type WriteOperation } from '../src/data/replica/plan.js'
import { Replica, type ReplicaOptions } from '../src/data/replica/replica.js'
import type { SimReplica } from './seat.js'

/** Keys of all members together, so that members overwrite each other. */
const KEYS = 200

export interface RealReplica extends SimReplica {
  readonly whole: Replica
  /** Told of each write of this member. */
  onWrite: (n: number) => void
}

export function realReplica(options: ReplicaOptions): RealReplica {
  const whole = new Replica(options)
  let writes = 0
  return Object.assign(whole.exchange, {
    whole,
    onWrite: (): void => undefined,
    /** Every seventh write deletes. */
    writeOne(this: RealReplica): void {
      writes += 1
      const key = `key ${(writes * 31 + (whole.session % KEYS)) % KEYS}`
      const isDelete = writes % 7 === 0 && whole.has(key)
      const operation: WriteOperation = isDelete
        ? { type: 'delete', key }
        : { type: 'set', key, value: `${whole.session} ${writes}` }
      whole.commit(planAll([operation]))
      this.onWrite(writes)
    },
  })
}
