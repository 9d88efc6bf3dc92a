/** What a member says of itself to all others. */
import type { MemberRecord } from '../../base/member.js'
import { checkRecord } from '../options/options.js'
import { roleOf } from '../options/secured.js'
import type { StoreOptions } from '../types.js'
import type { StoreWorld } from '../world.js'

/** The record of a member that starts now; `session` is that of its writes. @throws UsageError ERR_TOO_LARGE */
export function ownRecord(options: StoreOptions, { clock, kind }: StoreWorld, session: number): MemberRecord {
  const now = clock.wall()
  const record: MemberRecord = {
    port: options.port ?? null,
    protocol: 'v1',
    kind,
    role: roleOf(options),
    session,
    // A later run of the same member starts above all incarnations of an earlier one.
    incarnation: now,
    joined: now,
  }
  if (options.name !== undefined) record.name = options.name
  if (options.zone !== undefined) record.zone = options.zone
  if (options.meta !== undefined) record.meta = { ...options.meta }
  checkRecord(record)
  return record
}
