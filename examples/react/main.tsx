/** Opens a store for this tab and shows the note. */
import { StoreProvider } from 'gossip-kv/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Note } from './note.js'

const signaling = new URLSearchParams(location.search).get('signaling') ?? 'ws://localhost:8080/signaling'
const container = document.getElementById('app')

if (container !== null)
  createRoot(container).render(
    <StrictMode>
      <StoreProvider options={{ cluster: 'note', signaling }} fallback={<p>Opening...</p>}>
        <Note />
      </StoreProvider>
    </StrictMode>,
  )
