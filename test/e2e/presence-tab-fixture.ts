/** The page's side of presence.test.ts: one store, in the window for the test. */
import { createStore, type Store } from '../../src/index.js'

declare global {
  interface Window {
    openPresence(cluster: string, signaling: string, name: string): void
    presenceStore: Store
    presenceMessages: { from: string; text: string }[]
  }
}

window.openPresence = (cluster, signaling, name) => {
  window.presenceStore = createStore({ cluster, signaling, name })
  window.presenceMessages = []
  window.presenceStore.on('message', ({ from, bytes }) => {
    window.presenceMessages.push({ from, text: new TextDecoder().decode(bytes) })
  })
}
