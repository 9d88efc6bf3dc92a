/** The page's side of chromium.test.ts: one member in a tab, whose signals its test carries. */
import { seededRandom } from '../../../src/base/random.js'
import { systemClock } from '../../../src/base/system-clock.js'
import { createWebRtcLinks } from '../../../src/mesh/links/webrtc-links.js'
import { parseSignal } from '../../../src/mesh/wire/signal.js'

declare global {
  interface Window {
    /** Given by the test: carries a signal out of the page. */
    sendSignal(to: string, text: string): void
    tab: {
      start(id: string): Promise<void>
      dial(peer: string): void
      receiveSignal(from: string, text: string): void
      /** What happened, in order. */
      log: string[]
      /** Every candidate line that a connection of this page has, once it has all. */
      gather(): Promise<string[]>
      close(): Promise<void>
    }
  }
}

const links = createWebRtcLinks({ random: seededRandom(5), clock: systemClock })
const log: string[] = []
window.tab = {
  log,
  start: (id) =>
    links.start(id, {
      linkUp: (peer) => log.push(`up ${peer}`),
      linkDown: (peer) => log.push(`down ${peer}`),
      dialFailed: (peer, error) => log.push(`failed ${peer} ${error.message}`),
      // Every frame goes back to where it came from.
      frame: (peer, bytes) => links.send(peer, bytes, 1),
      drained: () => {},
      signal: (to, signal) => window.sendSignal(to, JSON.stringify(signal)),
    }),
  dial: (peer) => links.dial(peer),
  receiveSignal: (from, text) => {
    const signal = parseSignal(text)
    if (signal) links.receiveSignal(from, signal)
  },
  gather,
  close: () => links.close(),
}

async function gather(): Promise<string[]> {
  const connection = new RTCPeerConnection()
  const lines: string[] = []
  const complete = new Promise<void>((resolve) => {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) resolve()
      else if (candidate.candidate !== '') lines.push(candidate.candidate)
    }
  })
  connection.createDataChannel('any')
  await connection.setLocalDescription()
  await complete
  connection.close()
  return lines
}
