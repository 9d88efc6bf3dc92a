/** A process with nothing but a signaling client in it: ends by itself when the client leaves nothing alive. */
import { createSignalingClient } from '../../../src/mesh/signaling/signaling-client.js'
import { realClock } from './harness.js'

const [mode, url = ''] = process.argv.slice(2)
const client = createSignalingClient({ urls: [url], random: Math.random, clock: realClock })
client.start({ id: 'a', kind: 'node' }, 'topic', {
  state() {},
  contacts() {
    if (mode === 'close') void client.close()
  },
  signal() {},
  absent() {},
})
