/** WebRTC where there is neither a browser nor Node, as in a server-side render on an edge runtime: it has none. */
import { type RtcImplementation, webrtcUnavailable } from './rtc-implementation.js'

/** @throws TransportError ERR_WEBRTC_UNAVAILABLE, always */
export async function loadRtc(): Promise<RtcImplementation> {
  throw webrtcUnavailable(
    'The code runs in neither a browser nor Node, for example in a server-side render',
    'Create the store in the browser or in Node; with `autoStart: false` it can be made anywhere',
  )
}
