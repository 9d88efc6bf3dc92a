/**
 * What the page's address says: `?cluster=` (default `demo`) and `?name=` (default a made-up one). Signaling is
 * always at the origin that served the page, so that a link never sends a tab to a foreign server. `?open` says that
 * everybody who knows the cluster's name may take part, and a page from another machine has to say so.
 */
import type { StoreOptions } from '../src/index.js'
import { inventedName } from './invented-name.js'

/** The options of this tab's store. `createStore` checks them and says what is wrong. */
export function optionsFromAddress(address: URL): StoreOptions {
  return {
    cluster: address.searchParams.get('cluster') ?? 'demo',
    name: address.searchParams.get('name')?.trim() || inventedName(Math.random),
    signaling: signalingOf(address),
    ...(address.searchParams.has('open') && { security: 'open' }),
  }
}

/** The address of the page for a further tab: the same cluster, another name. */
export function addressForAnotherTab(address: URL): string {
  const other = new URL(address)
  other.searchParams.delete('name')
  return other.pathname + other.search
}

function signalingOf(address: URL): string {
  const secure = address.protocol === 'https:'
  return `${secure ? 'wss' : 'ws'}://${address.host}/signaling`
}
