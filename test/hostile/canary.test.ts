/** Secrets and values in a whole run of real processes: where they end up although they should not. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { SignJWT } from 'jose'
import { BuiltCli, eventually } from '../node/cli/harness.js'
import { until } from '../until.js'

const VALUE = `CANARY-VALUE-${randomBytes(8).toString('hex')}`
const TOKEN_KEY = `CANARY-KEY-${randomBytes(16).toString('hex')}`
const TURN_SECRET = `CANARY-TURN-${randomBytes(8).toString('hex')}`
const JTI = `CANARY-JTI-${randomBytes(8).toString('hex')}`
const AUDIENCE = 'canary.example'

/** What passes between the members and the signaling server: every request, and every byte of the server, which masks none. */
class Tap {
  readonly server: Server
  readonly #sockets: Socket[] = []
  /** First lines and headers of requests. */
  requests = ''
  /** All bytes of the server. */
  answers = ''

  constructor(port: number) {
    this.server = createServer((client) => {
      const upstream = connect(port, '127.0.0.1')
      this.#sockets.push(client, upstream)
      let isUpgraded = false
      client.on('data', (bytes) => {
        if (!isUpgraded) this.requests += bytes.toString('latin1')
        isUpgraded ||= bytes.includes('\r\n\r\n')
        upstream.write(bytes)
      })
      upstream.on('data', (bytes) => {
        this.answers += bytes.toString('latin1')
        client.write(bytes)
      })
      for (const [one, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
      }
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.server.close()
  }
}

describe('a canary in a whole run', () => {
  let cli: BuiltCli
  let tap: Tap | undefined

  before(async () => {
    cli = await BuiltCli.make()
  })
  after(async () => {
    tap?.close()
    await cli.dispose()
  })

  async function file(name: string, content: string): Promise<string> {
    const path = join(cli.folder, name)
    await writeFile(path, content)
    return path
  }

  function token(jti: string): Promise<string> {
    return new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('60s')
      .setJti(jti)
      .sign(new TextEncoder().encode(TOKEN_KEY))
  }

  it('shows in no log, URL or metric, and signaling sees neither value, key nor description', async () => {
    const keygen = cli.start(['keygen'])
    await keygen.exit()
    const secret = keygen.stdout.trim()
    expect(secret.length).to.be.above(30)
    const signal = cli.start([
      'signal',
      '--json',
      '--port=0',
      '--metrics',
      '--log-level=trace',
      `--token-key-file=${await file('token-key', TOKEN_KEY)}`,
      `--token-audience=${AUDIENCE}`,
      '--turn-urls=turn:127.0.0.1:9',
      `--turn-secret-file=${await file('turn-secret', TURN_SECRET)}`,
    ])
    const { port } = await signal.json()
    tap = new Tap(Number(port))
    const url = await tap.listen()
    const node = async (shown: string, name: string) =>
      cli.start(
        [
          'node',
          '--json',
          '--cluster=canary',
          `--signaling=${url}`,
          `--token-file=${await file(name, shown)}`,
          '--writable',
          '--log-level=trace',
        ],
        { GOSSIP_KV_SECRET: secret },
      )
    const tokens = await Promise.all([token(`${JTI}-a`), token(`${JTI}-b`)])
    const [a, b] = await Promise.all([node(tokens[0], 'token-a'), node(tokens[1], 'token-b')])
    const [httpA, httpB] = await Promise.all([a.json(), b.json()])
    const put = await fetch(`http://127.0.0.1:${httpA.port}/v1/usr/canary`, {
      method: 'PUT',
      body: JSON.stringify(VALUE),
    })
    expect(put.status).to.equal(204)
    await eventually(
      'the value is at the other member',
      () => text(`http://127.0.0.1:${httpB.port}/v1/usr/canary`),
      (shown) => shown.includes(VALUE),
    )
    // A third one shows a token that was used: it is told, and works alone.
    const refused = await node(tokens[0], 'token-again')
    await until(() => refused.stderr.includes('ERR_SIGNALING_REFUSED'), 'the refused one says so')
    const metrics = await text(`http://127.0.0.1:${port}/metrics`)
    const status = await text(`http://127.0.0.1:${httpA.port}/v1/status`)
    await cli.stopAll()

    const logs = [signal, a, b, refused].map(({ stdout, stderr }) => stdout + stderr).join('\n')
    const places = { logs, metrics, status, requests: tap.requests, answers: tap.answers }
    expect(tap.requests).to.match(/^GET \/ HTTP/)
    expect(tap.answers).to.contain('"type":"signal"')
    const secrets = { VALUE, TOKEN_KEY, TURN_SECRET, JTI, secret, a: tokens[0], b: tokens[1] }
    const hits = Object.entries(places).flatMap(([place, content]) =>
      Object.entries(secrets)
        .filter(([, canary]) => content.includes(canary))
        .map(([name]) => `${name} in ${place}`),
    )
    expect(hits).to.deep.equal([])
    // Descriptions and candidates are sealed: signaling sees that two members talk, and nothing of how.
    expect(tap.answers).to.not.match(/a=fingerprint|ice-pwd|candidate:/)
    expect(logs + metrics).to.not.match(/a=fingerprint|ice-pwd|candidate:\d/)
  })
})

async function text(url: string): Promise<string> {
  return (await fetch(url)).text()
}
