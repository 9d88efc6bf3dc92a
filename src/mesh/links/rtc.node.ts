/** WebRTC in Node: the optional package @roamhq/wrtc, loaded when the first store starts. */
import { isMainThread } from 'node:worker_threads'
import { messageOf } from '../../base/errors.js'
import { type RtcImplementation, webrtcUnavailable } from './rtc-implementation.js'

/** The constructors of @roamhq/wrtc. @throws TransportError ERR_WEBRTC_UNAVAILABLE */
export async function loadRtc(): Promise<RtcImplementation> {
  // The native module aborts the whole process when a worker thread loads it: it must not even be tried.
  if (!isMainThread)
    throw webrtcUnavailable(
      '@roamhq/wrtc works in the main thread only, and this is a worker thread',
      'Create the store in the main thread or in a child process (test runners: fork instead of threads)',
    )
  try {
    const { default: wrtc } = await import('@roamhq/wrtc')
    return wrtc
  } catch (cause) {
    throw webrtcUnavailable(
      `The optional package @roamhq/wrtc did not load (${messageOf(cause)})`,
      'Run `npm i @roamhq/wrtc`. It has no build for musl (Alpine images: use a Debian one), nor for every platform; other implementations can be passed as `webrtc`',
      cause,
    )
  }
}
