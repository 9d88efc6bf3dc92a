/**
 * A store over real WebRTC that counts what comes in on its links, in Node or in a tab: for benches and tests of whole
 * meshes. Nothing but a counter stands between the store and its links.
 */

import type { Store } from '../src/index.js'
import { createStore } from '../src/index.js'
import { createWebRtcLinks } from '../src/mesh/links/webrtc-links.js'
import { createSignalingClient } from '../src/mesh/signaling/signaling-client.js'
import type { Links } from '../src/mesh/transport.js'
import { decodeFrame } from '../src/mesh/wire/codec.js'
import { realWorld } from '../src/store/world.js'

/** What came in, in all. */
export interface MeshCounts {
  frames: number
  bytes: number
  /** Frames that carry a write. */
  payloads: number
}

/** How a member stands. */
export interface MeshView {
  id: string
  status: string
  links: number
  digest: string
  /** The ids that it knows, its own included, in order. */
  members: string[]
  counts: MeshCounts
}

export interface MeshMember {
  store: Store
  view(): MeshView
}

/** Joins. */
export function openMeshMember(cluster: string, signaling: string): MeshMember {
  const counts: MeshCounts = { frames: 0, bytes: 0, payloads: 0 }
  const shared = { random: realWorld.random, clock: realWorld.clock }
  const store = createStore({
    cluster,
    transport: {
      links: counted(createWebRtcLinks(shared), counts),
      signaling: createSignalingClient({ ...shared, urls: [signaling] }),
    },
  })
  return {
    store,
    view: () => ({
      id: store.id,
      status: store.status.name,
      links: store.status.links,
      digest: store.status.digest,
      members: store.members.list().map(({ id }) => id),
      counts: { ...counts },
    }),
  }
}

function counted(links: Links, counts: MeshCounts): Links {
  return {
    start: (self, events) =>
      links.start(self, {
        ...events,
        frame: (peer, bytes) => {
          counts.frames += 1
          counts.bytes += bytes.length
          const frame = decodeFrame(bytes)
          if (frame?.type === 'gossip' && frame.body.type === 'update') counts.payloads += 1
          events.frame(peer, bytes)
        },
      }),
    dial: (peer) => links.dial(peer),
    receiveSignal: (from, signal) => links.receiveSignal(from, signal),
    send: (peer, ...frame) => links.send(peer, ...frame),
    slow: (peer) => links.slow(peer),
    disconnect: (peer) => links.disconnect(peer),
    close: () => links.close(),
  }
}
