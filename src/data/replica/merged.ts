/** What a merge did. */
import type { Entry } from './entry.js'

/** Two concurrent writes met. */
export interface Conflict {
  winner: Entry
  loser: Entry
}

/** What a merge did. */
export interface Merged {
  /** False when everything was known. */
  news: boolean
  /** Entries that are new under their key; `previous` says what stood there. */
  set: Entry[]
  /** Entries whose key has gone. */
  removed: Entry[]
  conflicts: Conflict[]
  /** Sessions under one of whose dots another content came. */
  contested?: Set<number>
}
