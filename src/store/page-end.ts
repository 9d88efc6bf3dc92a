/** The end of the page that a store lives in, where there is one. */
import type { Unsubscribe } from '../base/emitter.js'

/** Calls `end` when the page goes for good. A page that goes into the back-forward cache may come back. */
export function onPageEnd(end: () => void): Unsubscribe {
  const listener = (event: unknown) => {
    if (!(event as { persisted?: boolean }).persisted) end()
  }
  globalThis.addEventListener?.('pagehide', listener)
  return () => globalThis.removeEventListener?.('pagehide', listener)
}
