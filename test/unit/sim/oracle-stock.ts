/** Yjs as others have it: reads what the library wrote, knowing nothing of it. */
import * as Y from 'yjs'
import type { Stock } from '../../../src/sim/oracle/run.js'

export const stock: Stock = {
  open: (checkpoint) => usrOf(checkpoint),
  copy: (doc) => usrOf(Y.encodeStateAsUpdate(doc)),
}

function usrOf(update: Uint8Array): unknown {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return doc.getMap('usr').toJSON()
}
