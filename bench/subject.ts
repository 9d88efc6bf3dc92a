/** What the benches measure, in one module, so that it can be bundled as the library is: see built.ts. */
export { filePersistence } from '../src/persistence/file.node.js'
export { Replica } from '../src/replica/replica.js'
export { everyoneWrites } from '../src/sim/workload.js'
export { createStore } from '../src/store/store.js'
export { memoryNetwork } from '../src/transport/memory.js'
export { encodeFrame } from '../src/wire/codec.js'
export { formed } from './lab.js'
