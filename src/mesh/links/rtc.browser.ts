/** The browser's own WebRTC. Importing this file touches no global. */
import { type RtcImplementation, webrtcUnavailable } from './rtc-implementation.js'

/** The browser's implementation. @throws TransportError ERR_WEBRTC_UNAVAILABLE */
export async function loadRtc(): Promise<RtcImplementation> {
  const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = globalThis as Partial<
    typeof globalThis
  >
  if (RTCPeerConnection === undefined || RTCSessionDescription === undefined || RTCIceCandidate === undefined)
    throw webrtcUnavailable(
      'The browser lacks RTCPeerConnection, a policy or an extension took it away, or this is a worker',
      'Create the store in a page of a current browser, or pass `webrtc`',
    )
  return { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate }
}
