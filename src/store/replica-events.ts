/** Carries what a replica tells to those parts of its store that it concerns. */

import type { Replica } from '../data/replica/replica.js'
import type { LazyCheckpoints } from './checkpoints/checkpoints.js'
import type { KvCore } from './kv/kv-core.js'
import type { MemberList } from './members/member-list.js'
import type { Opening } from './opening.js'
import type { Announcer } from './status/announcer.js'

/** The parts that follow a replica. */
export interface ReplicaFollowers {
  core: KvCore
  announcer: Announcer
  members: MemberList
  opening: Opening
  checkpoints: LazyCheckpoints
}

/** Follows `replica` for as long as it lives. */
export function followReplica(replica: Replica, followers: ReplicaFollowers): void {
  const { core, announcer, members, opening, checkpoints } = followers
  const { events } = replica
  events.on('change', (event) => {
    core.changed(event)
    announcer.events.emit('change', event)
    checkpoints.changed(event.changes.length)
    announcer.refreshLater()
  })
  events.on('local', () => {
    opening.saver?.dirty()
    opening.mesh?.localWrites()
  })
  events.on('error', (error) => announcer.report(error))
  events.on('conflict', ({ key, winner, loser }) => {
    const sides = { winner: members.authored(winner), loser: members.authored(loser) }
    announcer.events.emit('conflict', { key, ...sides })
  })
  events.on('nearly-full', (event) => announcer.events.emit('nearly-full', event))
  events.on('session-forked', () => opening.mesh?.changeSelf({ session: replica.session }))
}
