/**
 * The entry of the demo page: this tab becomes a member of the cluster that its address names, and the page
 * shows what the member knows. Scripted tests find the store at `window.gossipKvDemo.store`.
 */
import { createRoot } from 'react-dom/client'
import type { Store } from '../src/index.js'
import { createStore } from '../src/index.js'
import { StoreProvider } from '../src/react.js'
import { optionsFromAddress } from './address.js'
import { App } from './app.js'
import { plainText } from './plain-text.js'

declare global {
  interface Window {
    /** What a script in the page's console or a test may use. */
    gossipKvDemo?: { store: Store }
  }
}

const container = document.getElementById('app')
if (container !== null) show(container)

function show(container: HTMLElement): void {
  const root = createRoot(container)
  try {
    const store = createStore(optionsFromAddress(new URL(location.href)))
    window.gossipKvDemo = { store }
    leaveWithPage(store)
    root.render(
      <StoreProvider store={store}>
        <App />
      </StoreProvider>,
    )
  } catch (error) {
    root.render(<NotOpened reason={plainText(error)} />)
  }
}

/** Says goodbye when the tab closes, so that the others need not suspect it first. */
function leaveWithPage(store: Store): void {
  window.addEventListener('pagehide', () => void store.close())
  window.addEventListener('pageshow', (event) => {
    // A page that comes back from the back-forward cache holds a closed store.
    if (event.persisted) location.reload()
  })
}

function NotOpened({ reason }: { reason: string }) {
  return (
    <main className="page">
      <section className="panel not-opened" role="alert" data-testid="not-opened">
        <h1>This tab could not join</h1>
        <p>{reason}</p>
        <p>
          <a href={location.pathname}>Open the page with its defaults</a>
        </p>
      </section>
    </main>
  )
}
