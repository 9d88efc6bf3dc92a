/** What a member does where its variant does nothing else. */
import type { Replica } from '../../src/data/replica/replica.js'
import { wholeDifference } from '../whole-difference.js'
import type { Operation } from './told.js'

/** Writes as an application does that uses the document by itself. */
export function writeStock(
  replica: Replica,
  operations: readonly Operation[],
  values: readonly string[],
): void {
  const usr = replica.doc.getMap<unknown>('usr')
  replica.doc.transact(() => {
    operations.forEach(({ type, key }, i) => {
      if (type === 'set') usr.set(key, values[i])
      else usr.delete(key)
    })
  })
}

/** Answers a summary with one whole difference. */
export function directly(replica: Replica, summary: Uint8Array): (() => Uint8Array) | undefined {
  const difference = wholeDifference(replica.exchange, summary)
  return difference && (() => difference)
}
