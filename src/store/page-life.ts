/** What becomes of the page that a store lives in, where there is one: shown, hidden, stopped, gone for good. */
import type { Unsubscribe } from '../base/emitter.js'
import type { Visibility } from '../mesh/wire/frame.js'

/** What a page's life means for its store. */
export interface PageLife {
  show(visibility: Visibility): void
  /** The page goes for good. One that goes into the back-forward cache may come back: it is frozen. */
  end(): void
}

/** Follows the Page Lifecycle (WICG) and the back-forward cache until unsubscribed. */
export function followPage(life: PageLife): Unsubscribe {
  const look = () => life.show(globalThis.document?.visibilityState === 'hidden' ? 'hidden' : 'visible')
  const freeze = () => life.show('frozen')
  const listeners: [string, (event: { persisted?: boolean }) => void][] = [
    ['visibilitychange', look],
    ['freeze', freeze],
    ['resume', look],
    ['pageshow', look],
    ['pagehide', ({ persisted }) => (persisted ? freeze() : life.end())],
  ]
  // Captured: what is sent to the document need not bubble up to the window.
  for (const [type, listener] of listeners)
    globalThis.addEventListener?.(type, listener as (event: unknown) => void, true)
  if (globalThis.document?.visibilityState === 'hidden') look()
  return () => {
    for (const [type, listener] of listeners)
      globalThis.removeEventListener?.(type, listener as (event: unknown) => void, true)
  }
}
