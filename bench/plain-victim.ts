/** Plain Yjs under the same bytes: a document with the victim's content, handed to `Y.applyUpdate`. */
import * as Y from 'yjs'
import { bytesEqual } from '../src/base/bytes.js'
import { encodeUpdate } from '../src/data/replica/canonical-update.js'
import { decodeCheckpoint } from '../src/data/replica/checkpoint.js'
import { type Judgement, Victim } from './victim.js'

/** The content of a victim as runs, under the sessions that the attacks name. */
const content = runsOf(new Victim().replica.exchange.checkpoint())

function runsOf(checkpoint: Uint8Array): Uint8Array {
  const decoded = decodeCheckpoint(checkpoint)
  if ('type' in decoded) throw new Error(decoded.kind)
  return encodeUpdate([...decoded.incoming.runs], [])
}

/** One document of plain Yjs. */
export class PlainVictim {
  readonly #doc = new Y.Doc()

  constructor() {
    Y.applyUpdate(this.#doc, content)
    this.#doc.getMap('usr')
  }

  /** Applies bytes and judges what they did. */
  judge(format: 'v1' | 'v2', bytes: Uint8Array): Judgement & { emptied: boolean } {
    const doc = this.#doc
    const before = Y.encodeStateAsUpdate(doc)
    const startedAt = performance.now()
    let outcome = 'applied'
    try {
      if (format === 'v1') Y.applyUpdate(doc, bytes)
      else Y.applyUpdateV2(doc, bytes)
    } catch (error) {
      outcome = `threw ${error}`
    }
    const millis = performance.now() - startedAt
    const { pendingStructs, pendingDs } = doc.store
    // What is pending is part of an encoded state, and is no part of the document yet.
    doc.store.pendingStructs = null
    doc.store.pendingDs = null
    const same = bytesEqual(before, Y.encodeStateAsUpdate(doc))
    return {
      outcome,
      half: outcome !== 'applied' && !same,
      pending: pendingStructs !== null || pendingDs !== null,
      roots: [...doc.share.keys()].some((root) => root !== 'usr'),
      threw: outcome !== 'applied',
      forked: false,
      touched:
        !same || outcome !== 'applied' || pendingStructs !== null || pendingDs !== null || doc.share.size > 1,
      millis,
      emptied: doc.getMap('usr').size === 0,
    }
  }
}
