/** createStore(): checks its options at once, and starts a store. */
import { GossipStore } from './gossip-store.js'
import { checkOptions } from './options/options.js'
import { checkSecurity } from './options/secured.js'
import type { Store, StoreOptions } from './types.js'
import { realWorld, type StoreWorld } from './world.js'

/**
 * Makes a member of a cluster. It starts by itself and works at once, alone or not; others are met as soon as
 * signaling and links allow.
 * @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN, ERR_URL_INVALID, ERR_TOO_LARGE, ERR_SECRET_MISSING
 */
export function createStore(options: StoreOptions): Store {
  return createStoreIn(realWorld, options)
}

/** `createStore` in a world of the caller's. */
export function createStoreIn(world: StoreWorld, options: StoreOptions): Store {
  checkOptions(options)
  checkSecurity(options)
  const store = new GossipStore(world, options)
  if (options.autoStart !== false) store.start()
  return store
}
