/** Keeps the one current Status of a store: gathers the facts, makes a frozen snapshot, tells when it differs. */
import { toHex } from '../../base/bytes.js'
import type { Clock } from '../../base/clock.js'
import { type GossipKvError, StorageError, TransportError } from '../../base/errors.js'
import type { Replica } from '../../data/replica/replica.js'
import type { SignalingState } from '../../mesh/transport.js'
import type { MemberList } from '../members/members.js'
import type { Opening } from '../opening.js'
import type { Member, Status } from '../types.js'
import { type StatusFacts, sameStatus, statusName } from './status.js'

/** How a dial ends at a member that lives and has no room, or none for one more handshake. */
const TURNED_DOWN: readonly string[] = ['ERR_MEMBER_FULL', 'ERR_PEER_BUSY', 'ERR_LINK_CLOSED']

/** What the board reads from the rest of the store. */
export interface StatusSources {
  members: MemberList
  replica: Replica
  opening: Opening
  clock: Clock
  /** Whether there is a persistence. */
  isKept: boolean
}

export class StatusBoard {
  phase: StatusFacts['phase'] = 'idle'
  /** How many members signaling last named; undefined before its first answer. */
  contacts: number | undefined
  lastError: GossipKvError | undefined
  readonly #sources: StatusSources
  #signaling: SignalingState = 'none'
  #storageError: GossipKvError | undefined
  #synced = false
  #convergedAt: number | undefined
  #status: Status

  constructor(sources: StatusSources) {
    this.#sources = sources
    this.#status = Object.freeze({ ...this.#facts(), since: sources.clock.wall() })
  }

  get current(): Status {
    return this.#status
  }

  /** Signaling that works again ends the trouble of the network that was told last. */
  set signaling(state: SignalingState) {
    this.#signaling = state
    if (state === 'connected' && this.lastError instanceof TransportError) this.lastError = undefined
  }

  get storageError(): GossipKvError | undefined {
    return this.#storageError
  }

  /** The same for the disk. */
  set storageError(error: GossipKvError | undefined) {
    this.#storageError = error
    if (!error && this.lastError instanceof StorageError) this.lastError = undefined
  }

  /** Reads everything anew; `current` stays the same object when nothing differs. */
  refresh(): void {
    const facts = this.#facts()
    const since = facts.name === this.#status.name ? this.#status.since : this.#sources.clock.wall()
    const next: Status = Object.freeze({ ...facts, since })
    if (!sameStatus(this.#status, next)) this.#status = next
  }

  #facts(): Omit<Status, 'since'> {
    const { members, replica, isKept, opening } = this.#sources
    const { mesh, saver } = opening
    const others = members.list().filter((member) => !member.self)
    const direct = others.filter((member) => member.direct)
    const writers = direct.filter(({ role }) => role === 'writer')
    // A link is what was missing.
    if (direct.length > 0 && TURNED_DOWN.includes(this.lastError?.code ?? '')) this.lastError = undefined
    this.#synced = writers.length > 0 && (this.#synced || writers.some((member) => member.inSync === true))
    const name = statusName({
      phase: this.phase,
      signaling: this.#signaling,
      links: writers.length,
      others:
        others.some(({ role }) => role === 'writer') || mesh?.dialing === true || (this.contacts ?? 0) > 0,
      introduced: this.contacts !== undefined,
      synced: this.#synced,
      failing: this.#storageError !== undefined,
    })
    const converged = this.#converged(name, writers)
    return {
      name,
      signaling: this.#signaling,
      links: direct.length,
      target: mesh?.linksTarget ?? 0,
      synced: this.#synced,
      converged,
      convergedAt: this.#convergedAt,
      pendingUpdates: mesh?.pendingUpdates ?? 0,
      persisted: isKept ? (saver?.persisted ?? false) : undefined,
      storageError: this.#storageError,
      digest: toHex(replica.exchange.digest()),
      lastError: this.lastError,
    }
  }

  #converged(name: Status['name'], writers: readonly Member[]): boolean {
    if (writers.length === 0) return name === 'alone'
    if (writers.some((member) => member.inSync !== true)) return false
    const before: Status | undefined = this.#status
    if (!before?.converged || before.name === 'alone') this.#convergedAt = this.#sources.clock.wall()
    return true
  }
}
