/**
 * The process that `bench/exit.ts` measures: eleven members of one process open ten links over @roamhq/wrtc, send a
 * frame over each, say `closing`, and close. Nothing then ends the process but the lack of anything left to do.
 */
import { writeSync } from 'node:fs'
import { seededRandom } from '../src/base/random.js'
import { systemClock } from '../src/base/system-clock.js'
import { createWebRtcLinks } from '../src/mesh/links/webrtc-links.js'
import type { Links } from '../src/mesh/transport.js'

const LINKS = 10
const HUB = 'hub'
const members = new Map<string, Links>()
let received = 0

async function join(id: string, seed: number, framed: () => void): Promise<Links> {
  const links = createWebRtcLinks({ random: seededRandom(seed), clock: systemClock })
  members.set(id, links)
  await links.start(id, {
    linkUp: (peer) => links.send(peer, new TextEncoder().encode(id), 1),
    linkDown: () => {},
    dialFailed: (_peer, error) => {
      throw error
    },
    frame: framed,
    drained: () => {},
    signal: (to, signal) => setTimeout(() => members.get(to)?.receiveSignal(id, signal), 0),
  })
  return links
}

await new Promise<void>((resolve, reject) => {
  const framed = () => {
    if (++received === 2 * LINKS) resolve()
  }
  const open = async () => {
    const hub = await join(HUB, 1, framed)
    for (let i = 0; i < LINKS; i++) {
      await join(`member-${i}`, i + 2, framed)
      hub.dial(`member-${i}`)
    }
  }
  open().catch(reject)
})
writeSync(1, 'closing\n')
await Promise.all([...members.values()].map((links) => links.close()))
