/** What the benches measure, in one module, so that it can be bundled as the library is: see built.ts. */

export { everyoneWrites } from '../sim/workload.js'
export { filePersistence } from '../src/data/persistence/file.node.js'
export { Replica } from '../src/data/replica/replica.js'
export { memoryNetwork } from '../src/mesh/memory/memory-network.js'
export { encodeFrame } from '../src/mesh/wire/codec.js'
export { createStore } from '../src/store/store.js'
export { formed } from './lab.js'
