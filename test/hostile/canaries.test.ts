/**
 * A secret, a value and a name of which nobody outside may hear: two real members and their signaling server run as
 * processes, everything that they print and all that crosses signaling is kept, and searched.
 */
import { once } from 'node:events'
import { expect } from 'chai'
import { WebSocket, WebSocketServer } from 'ws'
import { generateSecret } from '../../src/node.js'
import { BuiltCli, eventually, type RunningCli } from '../node/cli/harness.js'

const VALUE = 'canary-value-7f3a'
const KEY = 'canary-key-19bd'
const CLUSTER = 'canary-cluster-c0de'

describe('canaries', () => {
  let cli: BuiltCli
  before(async () => {
    cli = await BuiltCli.make()
  })
  after(() => cli.dispose())

  it('are heard neither in logs and answers nor at signaling', async () => {
    const secret = await generateSecret()
    const signal = cli.start(['signal', '--port=0', '--log-level=trace', '--json'])
    const heard: string[] = []
    const wire = await tapped(await portOf(signal), heard)
    const env = { GOSSIP_KV_SECRET: secret }
    const args = ['node', `--cluster=${CLUSTER}`, `--signaling=ws://127.0.0.1:${wire.port}`, '--port=0']
    const nodes = [1, 2].map(() => cli.start([...args, '--log-level=trace', '--json', '--writable'], env))
    const urls = await Promise.all(nodes.map(async (node) => `http://127.0.0.1:${await portOf(node)}`))
    const put = await fetch(`${urls[0]}/v1/usr/${KEY}`, { method: 'PUT', body: JSON.stringify(VALUE) })
    expect(put.status).to.equal(204)
    const read = async () => (await fetch(`${urls[1]}/v1/usr`)).text()
    await eventually('the other one has it', read, (text) => text.includes(VALUE))
    const answers = await Promise.all(
      urls.flatMap((url) =>
        ['/v1/status', '/v1/members', '/v1/keys'].map(async (path) => (await fetch(url + path)).text()),
      ),
    )
    await wire.close()
    const signaling = heard.join('\n')
    expect(signaling).to.include('"sealed').and.include('join')
    for (const canary of [secret, VALUE, KEY, CLUSTER, 'a=fingerprint', 'candidate:'])
      expect(signaling, 'at signaling').to.not.include(canary)
    const logs = [signal, ...nodes].map(({ stderr }) => stderr).join('\n')
    for (const canary of [secret, VALUE, KEY]) expect(logs, 'in logs').to.not.include(canary)
    for (const answer of answers) expect(answer).to.not.include(secret)
  })
})

/** A server between members and signaling that keeps all that crosses it. */
async function tapped(port: number, heard: string[]): Promise<{ port: number; close(): Promise<void> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  server.on('connection', (near) => {
    const far = new WebSocket(`ws://127.0.0.1:${port}`)
    const early: string[] = []
    near.on('message', (data) => {
      heard.push(String(data))
      if (far.readyState === WebSocket.OPEN) far.send(String(data))
      else early.push(String(data))
    })
    far.on('open', () => {
      for (const text of early.splice(0)) far.send(text)
    })
    far.on('message', (data) => {
      heard.push(String(data))
      near.send(String(data))
    })
    far.on('close', () => near.close())
    near.on('close', () => far.close())
    for (const end of [near, far]) end.on('error', () => undefined)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server on TCP has a port')
  return {
    port: address.port,
    close: async () => {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

async function portOf(running: RunningCli): Promise<number> {
  return Number((await running.json())['port'])
}
