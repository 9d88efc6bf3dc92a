/**
 * The member that is attacked, and the judgement on what an attack did: was it taken in part, did it leave
 * something pending, did it make a root, did anything escape as an exception. Runs in every runtime.
 */

import * as Y from 'yjs'
import { repeating } from '../sim/oracle/repeating.js'
import { mergeDifference, wholeDifference } from '../sim/whole-difference.js'
import { bytesEqual } from '../src/base/bytes.js'
import { ProtocolError } from '../src/base/errors.js'
import { seededRandom } from '../src/base/random.js'
import { unreachable } from '../src/base/unreachable.js'
import { planAll } from '../src/data/replica/plan.js'
import { Replica } from '../src/data/replica/replica.js'
import { stampOf } from '../src/data/replica/stamp.js'
import type { ReceiveResult } from '../src/data/replica-port.js'
import { decodeFrame } from '../src/mesh/wire/codec.js'
import type { Entrance, Scene } from './attack.js'
import { any, float, item, pack, run, update } from './packing.js'

/** 2026-01-01T00:00:00Z: the clock of the attacked member stands still. */
export const NOW = Date.UTC(2026, 0, 1)
const OWN = 2 ** 52 + 12_345
const PEER = 2 ** 52 + 67_890
/** Keys of each of the two sessions. */
const KEYS = 12
const CLOCK = stampOf(NOW - 1000)
const ROOTS = new Set(['usr', 'sys'])

/** What came of bytes. */
export interface Judgement {
  /** `offence trailing`, `early`, `refused clock`, `applied`, `answered`, `malformed`, `skipped`, an error's code, or `threw ...`. */
  outcome: string
  /** Something of it was taken although it was not accepted, or not all of it although it was. */
  half: boolean
  /** The document holds structs or deletes back. */
  pending: boolean
  /** The document has a root that nobody asked for. */
  roots: boolean
  /** An exception came out. */
  threw: boolean
  /** The member has taken a new session. */
  forked: boolean
  /** Something has changed: the next attack wants a fresh victim. */
  touched: boolean
  millis: number
}

/** The update by which the peer told of its keys. */
export function peerUpdate(): Uint8Array {
  const items = Array.from({ length: KEYS }, (_, i) =>
    item({ key: `peer-${i}`, meta: float(CLOCK + i), value: any(i % 3 === 0 ? { at: i, of: ['peer'] } : i) }),
  )
  return update([run(PEER, 0, items)])
}

/** One member with entries of its own and of a peer. */
export class Victim {
  readonly replica = new Replica({ random: repeating(OWN, seededRandom(7)), wall: () => NOW })
  readonly scene: Scene = {
    own: { session: OWN, known: KEYS },
    peer: { session: PEER, known: KEYS },
    clock: CLOCK + KEYS,
    key: 'peer-0',
    stamp: CLOCK + KEYS,
  }
  #forked = false

  constructor() {
    this.replica.exchange.receive(pack(CLOCK + KEYS, peerUpdate()))
    for (let i = 0; i < KEYS; i++)
      this.replica.commit(planAll([{ type: 'set', key: `own-${i}`, value: `value ${i}` }]))
    this.replica.exchange.drain()
    this.replica.events.on('session-forked', () => {
      this.#forked = true
    })
  }

  /** Lets bytes in and judges what they did. */
  judge(through: Entrance, bytes: Uint8Array): Judgement {
    const { replica } = this
    const before = this.#state()
    const startedAt = performance.now()
    const outcome = outcomeOf(() => enter(replica, through, bytes))
    const millis = performance.now() - startedAt
    const after = this.#state()
    const same =
      bytesEqual(before.checkpoint, after.checkpoint) && bytesEqual(before.document, after.document)
    const { store, share } = replica.doc
    return {
      outcome,
      half:
        outcome === 'applied'
          ? this.#isPartly(through, bytes)
          : !same && !(this.#forked && before.shown === after.shown),
      pending: store.pendingStructs !== null || store.pendingDs !== null,
      roots: [...share.keys()].some((root) => !ROOTS.has(root)),
      threw: outcome.startsWith('threw'),
      forked: this.#forked,
      touched: !same,
      millis,
    }
  }

  /** All that there is: the merged state with the clock, the document, and what a reader sees. */
  #state(): { checkpoint: Uint8Array; document: Uint8Array; shown: string } {
    const { replica } = this
    return {
      checkpoint: replica.exchange.checkpoint(),
      document: Y.encodeStateAsUpdate(replica.doc),
      shown: shownBy(replica),
    }
  }

  /** Accepted bytes tell nothing new when they come again, and the document shows what the table holds. */
  #isPartly(through: Entrance, bytes: Uint8Array): boolean {
    const { replica } = this
    const [digest, before] = [
      replica.exchange.digest(),
      new Map([...replica.keys()].map((key) => [key, replica.get(key)])),
    ]
    const again = outcomeOf(() => enter(replica, through, bytes))
    // Deaths of a difference that no write explains are taken one at a time.
    const isLess = [...replica.keys()].every((key) => replica.get(key) === before.get(key))
    const isSame = bytesEqual(digest, replica.exchange.digest()) || (through === 'difference' && isLess)
    return again !== 'applied' || !isSame || shownBy(replica) !== documentShown(replica)
  }
}

function enter(replica: Replica, through: Entrance, bytes: Uint8Array): string {
  switch (through) {
    case 'update':
      return described(replica.exchange.receive(bytes))
    case 'difference':
      return described(mergeDifference(replica.exchange, bytes))
    case 'checkpoint':
      return described(replica.exchange.restore(bytes))
    case 'summary':
      return wholeDifference(replica.exchange, bytes) === undefined ? 'malformed' : 'answered'
    case 'frame':
      return decodeFrame(bytes) === undefined ? 'skipped' : 'read'
    default:
      return unreachable(through)
  }
}

function outcomeOf(act: () => string): string {
  try {
    return act()
  } catch (error) {
    // Frames are refused by a typed error, which the driver catches; nothing else may throw.
    return error instanceof ProtocolError ? error.code : `threw ${error}`
  }
}

function described(result: ReceiveResult): string {
  return 'kind' in result ? `${result.type} ${result.kind}` : result.type
}

function shownBy(replica: Replica): string {
  return JSON.stringify([...replica.keys()].sort().map((key) => [key, replica.get(key)]))
}

function documentShown(replica: Replica): string {
  const entries = Object.entries(replica.doc.getMap('usr').toJSON())
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
