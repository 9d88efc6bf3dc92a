/** Opens a store for this tab and shows the note. */
import { createGossipKv } from 'gossip-kv/vue'
import { createApp } from 'vue'
import { Note } from './note.js'

const signaling = new URLSearchParams(location.search).get('signaling') ?? 'ws://localhost:8080/signaling'

createApp(Note)
  .use(createGossipKv({ cluster: 'note', signaling }))
  .mount('#app')
