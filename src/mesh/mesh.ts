/**
 * How a member reaches the others: the one door to everything in this folder. A store loads it when it starts, so
 * that a page works before it is here; what was written until then leaves once it is.
 */
import type { Clock } from '../base/clock.js'
import type { MemberRecord } from '../base/member.js'
import type { Random } from '../base/random.js'
import type { ReplicaPort } from '../data/replica-port.js'
import { Driver } from './driver/driver.js'
import type { DriverEvents } from './driver/driver-types.js'
import { createWebRtcLinks, type WebRtcLinksOptions } from './links/webrtc-links.js'
import type { Security } from './security/security.js'
import { createSignalingClient, type SignalingClientOptions } from './signaling/signaling-client.js'
import { topicOf } from './topic.js'
import type { Transport } from './transport.js'

/** A member's part in the mesh. */
export type Mesh = Driver

export interface MeshOptions extends Pick<WebRtcLinksOptions, 'allowAddresses' | 'webrtc'> {
  id: string
  record: MemberRecord
  cluster: string
  replica: ReplicaPort
  clock: Clock
  random: Random
  events: DriverEvents
  /** Signaling servers, as URLs that are checked already. */
  urls: readonly string[]
  token?: SignalingClientOptions['token']
  /** `'signaling'`: those that the signaling server hands out. */
  iceServers?: WebRtcLinksOptions['iceServers'] | 'signaling'
  /** Links and signaling of the caller's instead of WebRTC and WebSocket. */
  transport?: Transport | undefined
  /** Where the cluster has a secret. */
  security?: Security | undefined
}

/** Makes a member of the mesh. `start()` opens its links and its signaling; `close()` ends both. */
export function openMesh(options: MeshOptions): Mesh {
  const { cluster, security, transport = realTransport(options) } = options
  return new Driver({
    ...options,
    topic: security?.topic ?? topicOf(cluster),
    transport: security?.over(transport) ?? transport,
  })
}

function realTransport(options: MeshOptions): Transport {
  const { clock, random, urls, token, iceServers, allowAddresses, webrtc } = options
  const signaling = createSignalingClient({ urls, random, clock, ...(token && { token }) })
  const servers = iceServers === 'signaling' ? () => signaling.iceServers() : iceServers
  const links = createWebRtcLinks({
    random,
    clock,
    ...(allowAddresses && { allowAddresses }),
    ...(servers && { iceServers: servers }),
    ...(webrtc && { webrtc }),
  })
  return { links, signaling }
}
