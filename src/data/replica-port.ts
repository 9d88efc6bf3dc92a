/**
 * What the protocol needs of a replica: bytes and plain types. How entries are merged, and that there is a
 * Yjs document behind it, does not show here.
 */

/** Why a replica refused bytes for good: the sender is broken or hostile. */
export interface Offence {
  type: 'offence'
  /** Which rule was broken: a stable word for counters, as `malformed`, `root`, `key`, `value`, `limit`. */
  kind: string
}

/** The outcome of merging bytes from another member. */
export type ReceiveResult =
  /** Merged. `news` is false when everything in it was known. */
  | { type: 'applied'; news: boolean }
  /** Nothing was applied: it tells of writes that follow some that this member has not seen. */
  | { type: 'early' }
  /** Nothing was applied, for a reason that depends on this member's state (a full store, a clock far ahead). */
  | { type: 'refused'; kind: string }
  /** Nothing was applied; the bytes break the format. */
  | Offence

/**
 * The parts of a difference, each encoded when it is asked for: yields them, and returns the last one. An earlier part
 * that nobody needs any more can be handed to `next`, which then puts the next one into its memory.
 */
export type Parts = Iterator<Uint8Array, Uint8Array, Uint8Array | undefined>

/** A difference on its way in: it is checked as it comes, and merged when it is complete. */
export interface DifferenceIntake {
  /** Takes the next part. After an offence nothing more is taken. */
  take(part: Uint8Array): Offence | undefined
  /** Merges all of it, after the last part. All or nothing. */
  merge(): ReceiveResult
}

/** One member's copy of the data, as the protocol sees it. Everything is synchronous and in memory. */
export interface ReplicaPort {
  /** The session under which local writes are named; changes when the replica starts anew after a fork. */
  readonly session: number
  /** The local writes since the last drain as updates of at most UPDATE_BYTES_MAX each; usually none or one. */
  drain(): Uint8Array[]
  /** Merges an update that another member drained. All or nothing. */
  receive(update: Uint8Array): ReceiveResult
  /** Equal on two members exactly when they hold the same data, deletes included. 16 bytes. */
  digest(): Uint8Array
  /** How many writes of `session` are merged here, without gaps. */
  known(session: number): number
  /** What this member knows: another member computes the difference to it. `theirs` is the digest of that member, if it is known. */
  summary(theirs?: Uint8Array): Uint8Array
  /**
   * All that the author of `summary` lacks of the data as they are at the call, in parts of at most SYNC_PART_BYTES_MAX.
   * Undefined: `summary` is malformed.
   */
  difference(summary: Uint8Array): Parts | undefined
  /** Begins to take a difference. */
  takeDifference(): DifferenceIntake
}
