/**
 * How long the log of a persistence is, and when a snapshot should take its place. An adapter keeps two snapshots
 * and what came after each; together they stay within three times the state that is live.
 */

/** Up to this much a log is not worth a snapshot while writes go on. */
const LOG_BYTES_MIN = 64 * 1024
/** Up to this much not in idle moments either: a block of most disks. */
const IDLE_LOG_BYTES_MIN = 4 * 1024
/** The share of the snapshot to which the log after it may grow. */
const LOG_SHARE_MAX = 0.5

export class LogSize {
  #snapshot = 0
  #log = 0
  /** The log before the newest snapshot. */
  #olderLog = 0

  /** What was there at the start. */
  opened(snapshotBytes: number, logBytes: number): void {
    this.#snapshot = snapshotBytes
    this.#log = logBytes
  }

  appended(bytes: number): void {
    this.#log += bytes
  }

  rewritten(snapshotBytes: number): void {
    this.#snapshot = snapshotBytes
    this.#olderLog = this.#log
    this.#log = 0
  }

  get isTooLong(): boolean {
    return this.#log > Math.max(LOG_BYTES_MIN, LOG_SHARE_MAX * this.#snapshot)
  }

  /** The same for idle moments, the log before the newest snapshot included. */
  get isWorthRewriting(): boolean {
    return this.#log + this.#olderLog > Math.max(IDLE_LOG_BYTES_MIN, 2 * LOG_SHARE_MAX * this.#snapshot)
  }
}
