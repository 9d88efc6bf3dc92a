/** One live write of one key: its name, its time, its value, and its place in the digest. */
import { hashEntry } from './digest.js'
import type { Value } from './value.js'

/** The name of a write: the session of its writer and its number in it, from 0. */
export interface Dot {
  session: number
  n: number
}

/** What an entry is made of. */
export interface EntryFields extends Dot {
  key: string
  stamp: number
  value: Value
  /** Milliseconds since 1970; undefined: it stays. */
  expires?: number | undefined
  /** The size of key and value in encoded form. */
  bytes: number
  /** The encoded value, kept where the value holds bytes: an application can write to those. */
  encoded?: Uint8Array | undefined
}

/** One live write. */
export class Entry {
  readonly key: string
  readonly session: number
  readonly n: number
  readonly stamp: number
  readonly value: Value
  readonly expires: number | undefined
  readonly bytes: number
  readonly encoded: Uint8Array | undefined
  /** Dots of the writes that lost against this one here, as session, n, session, n, ...; at most BEATEN_MAX. */
  beaten: number[] | undefined = undefined
  /** False once the write is dead. */
  live = true
  /** It came after the death of a write with a greater stamp: where it came before that, it may have lost and be dead. */
  late = false
  /** The version of the map that took it. */
  version = 0
  /** What the projection keeps for it; means nothing here. */
  mark: unknown = undefined
  /** What stood under the key before the merge that is under way. */
  previous: Entry | undefined = undefined
  bucket = 0
  hashHigh = 0
  hashLow = 0

  constructor(fields: EntryFields) {
    this.key = fields.key
    this.session = fields.session
    this.n = fields.n
    this.stamp = fields.stamp
    this.value = fields.value
    this.expires = fields.expires
    this.bytes = fields.bytes
    this.encoded = fields.encoded
    hashEntry(this)
  }

  /** What it is made of, for a copy of it under another name. */
  get fields(): EntryFields {
    const { key, session, n, stamp, value, expires, bytes, encoded } = this
    return { key, session, n, stamp, value, expires, bytes, encoded }
  }
}
