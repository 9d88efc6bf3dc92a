/** What a member is, to every layer. */

/** Where a member runs. */
export type MemberKind = 'node' | 'browser'
/** Whether a member may write `usr`. */
export type MemberRole = 'writer' | 'reader'

/** What a member tells of itself; only its owner writes it. It is what `sys.members[id]` shows. */
export interface MemberRecord {
  /** The TCP port of its HTTP interface, null where there is none, as in a tab. */
  port: number | null
  protocol: 'v1'
  kind: MemberKind
  role: MemberRole
  /** Names its writes; new for every process and tab. */
  session: number
  /** Raised by its owner at every change of the record and to refute a rumor of its death. */
  incarnation: number
  /** When it joined, in milliseconds since 1970 by its own clock. */
  joined: number
  name?: string
  zone?: string
  meta?: Readonly<Record<string, string | number | boolean | null>>
}
