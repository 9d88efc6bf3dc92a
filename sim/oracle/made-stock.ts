/** Yjs as others have it: reads what the library wrote, knowing nothing of it. */
import * as Y from 'yjs'
import type { Stock } from './stock.js'

export const stock: Stock = {
  // A guid of its own would cost more than the replica: 32 draws from the system's source of chance.
  create: () => new Y.Doc({ guid: 'oracle' }),
  open: (checkpoint) => usrOf(checkpoint),
  copy: (doc) => usrOf(Y.encodeStateAsUpdate(doc)),
}

function usrOf(update: Uint8Array): unknown {
  const doc = new Y.Doc({ guid: 'copy' })
  Y.applyUpdate(doc, update)
  return doc.getMap('usr').toJSON()
}
