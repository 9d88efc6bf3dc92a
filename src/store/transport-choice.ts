/** Which links and which signaling a store uses: what the caller hands in, or WebRTC and WebSocket. */
import { kind } from '#rtc'
import { createSignalingClient } from '../transport/signaling-client.js'
import { systemClock } from '../transport/system-clock.js'
import type { Transport } from '../transport/transport.js'
import { createWebRtcLinks } from '../transport/webrtc-links.js'
import { signalingUrls } from './options.js'
import { cryptoRandom } from './random.js'
import type { StoreOptions } from './types.js'

/** Where this process runs, as the member record tells. */
export const runtimeKind = kind

/** @throws UsageError ERR_URL_INVALID */
export function chooseTransport(options: StoreOptions): Transport {
  const { iceServers, webrtc } = options
  const urls = signalingUrls(options.signaling)
  if (options.transport) return options.transport
  return {
    links: createWebRtcLinks({
      random: cryptoRandom,
      clock: systemClock,
      ...(iceServers && { iceServers }),
      ...(webrtc && { webrtc }),
    }),
    signaling: createSignalingClient({ urls, random: cryptoRandom, clock: systemClock }),
  }
}
