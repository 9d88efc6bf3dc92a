/** What an attack on a replica is, for the tests that run each once and for the bench that counts what they do. */
import { pack } from './packing.js'

/** What an attacker knows of the member that it attacks. */
export interface Scene {
  /** The session of the attacked member, and how many dots it has given. */
  own: { session: number; known: number }
  /** A session that it has heard of, with live entries. */
  peer: { session: number; known: number }
  /** The clock of an honest sender. */
  clock: number
  /** A live key of the peer's. */
  key: string
  /** A stamp that everybody takes. */
  stamp: number
}

/** Which way the bytes come in. */
export type Entrance = 'update' | 'difference' | 'checkpoint' | 'summary' | 'frame'

/** Bytes that somebody might send, and what must come of them. */
export interface Attack {
  /** What the bytes do or claim; reads after "an attack: ". */
  name: string
  through: Entrance
  bytes(scene: Scene): Uint8Array
  /**
   * What must come of it: `offence`, `offence trailing`, `early`, `refused clock`, `applied`, `answered` (a summary) or
   * the code of an error (a frame). A word alone stands for every kind.
   */
  expected: string
  /** Whether the member takes a new session, since somebody wrote under its own. */
  forks?: boolean
  /** The same for plain Yjs, where there is something to compare. */
  plain?: { format: 'v1' | 'v2'; bytes(scene: Scene): Uint8Array }
}

/** An attack by a broadcast. Plain Yjs gets the same update without the sender's clock. */
export function byUpdate(
  name: string,
  expected: string,
  bytes: (scene: Scene) => Uint8Array,
  more: Partial<Attack> = {},
): Attack {
  return {
    name,
    through: 'update',
    expected,
    bytes: (scene) => pack(scene.clock, bytes(scene)),
    plain: { format: 'v1', bytes },
    ...more,
  }
}
