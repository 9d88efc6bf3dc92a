/** Which links and which signaling a store uses: what the caller hands in, or WebRTC and WebSocket. */
import { kind } from '#rtc'
import { systemClock } from '../../base/system-clock.js'
import { createWebRtcLinks } from '../../mesh/links/webrtc-links.js'
import { createSignalingClient } from '../../mesh/signaling/signaling-client.js'
import type { Transport } from '../../mesh/transport.js'
import { cryptoRandom } from '../random.js'
import type { StoreOptions } from '../types.js'
import { signalingUrls } from './options.js'
import { isOnThisMachine } from './this-machine.js'

/** Where this process runs, as the member record tells. */
export const runtimeKind = kind

/** Who meets on this machine is on this machine, which may have no network. */
const LOOPBACK = ['loopback'] as const

/** @throws UsageError ERR_URL_INVALID */
export function chooseTransport(options: StoreOptions): Transport {
  const { iceServers, webrtc, token } = options
  const urls = signalingUrls(options.signaling)
  if (options.transport) return options.transport
  const allowAddresses = options.allowAddresses ?? (urls.every(isOnThisMachine) ? LOOPBACK : [])
  const signaling = createSignalingClient({
    urls,
    random: cryptoRandom,
    clock: systemClock,
    ...(token && { token }),
  })
  const servers = iceServers === 'signaling' ? () => signaling.iceServers() : iceServers
  return {
    links: createWebRtcLinks({
      random: cryptoRandom,
      clock: systemClock,
      allowAddresses,
      ...(servers && { iceServers: servers }),
      ...(webrtc && { webrtc }),
    }),
    signaling,
  }
}
