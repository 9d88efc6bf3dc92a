/** What the adapter needs of a WebRTC implementation, and the error for a runtime that has none. */
import { TransportError } from '../../base/errors.js'

/** The three constructors of the W3C API; a browser's, those of @roamhq/wrtc, or the caller's own. */
export interface RtcImplementation {
  RTCPeerConnection: typeof RTCPeerConnection
  RTCSessionDescription: typeof RTCSessionDescription
  RTCIceCandidate: typeof RTCIceCandidate
}

/** Makes the ERR_WEBRTC_UNAVAILABLE of a runtime. */
export function webrtcUnavailable(why: string, fix: string, cause?: unknown): TransportError {
  const what = 'This runtime has no WebRTC, so no link can be opened'
  return new TransportError('ERR_WEBRTC_UNAVAILABLE', what, { why, fix, cause })
}
