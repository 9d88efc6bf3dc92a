/** Yjs itself is out of reach for the simulator: the code that starts a run hands in what it needs of it. */
import type { Replica } from '../../src/data/replica/replica.js'

/** Yjs as others have it, which knows nothing of this library. */
export interface Stock {
  /** An empty document. */
  create(): Replica['doc']
  /** What `usr` holds in an empty document that was given this checkpoint. */
  open(checkpoint: Uint8Array): unknown
  /** What `usr` holds in an empty document that was given all of this one. */
  copy(doc: Replica['doc']): unknown
}
