/** Builds stores over one network in memory, and closes them all. */

import { type MemoryNetwork, memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { createStore } from '../../../src/store/store.js'
import type { Store, StoreOptions } from '../../../src/store/types.js'
import { until } from '../../until.js'

const open: Store[] = []

/** A store over `network`. */
export function storeOn(network: MemoryNetwork, options: Partial<StoreOptions> = {}): Store {
  const store = createStore({ cluster: 'test', transport: network.transport(), ...options })
  // Tests make trouble on purpose: the console is for what they did not mean.
  store.on('error', () => undefined)
  open.push(store)
  return store
}

/** Two stores that have met and agree. */
export async function twoStores(): Promise<{ network: MemoryNetwork; a: Store; b: Store }> {
  const network = memoryNetwork()
  const a = storeOn(network)
  const b = storeOn(network)
  await until(() => a.status.name === 'live' && b.status.name === 'live', 'both live')
  return { network, a, b }
}

/** To be called after each test. */
export async function closeStores(): Promise<void> {
  await Promise.all(open.splice(0).map((store) => store.close()))
}
