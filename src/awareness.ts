/** gossip-kv/awareness: presence as the Awareness that editor bindings expect. A page that does not import it does not load y-protocols. */
export { awareness } from './store/members/editor-awareness.js'
