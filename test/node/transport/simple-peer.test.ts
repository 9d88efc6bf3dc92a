/** simple-peer over the modules that stand in for its imports in a bundle for browsers, with the WebRTC of Node. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import wrtc from '@roamhq/wrtc'
import { expect } from 'chai'
import { build } from 'esbuild'
import type { Instance, Options, SignalData } from 'simple-peer'
import { simplePeerAlias } from '../../../scripts/simple-peer.mjs'
import { Duplex } from '../../../src/mesh/links/simple-peer/readable-stream.js'
import { until } from '../../until.js'

type SimplePeer = new (options: Options) => Instance

describe("simple-peer as a page has it, without Node's streams", () => {
  let folder: string
  let SimplePeer: SimplePeer
  let peers: Instance[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-simple-peer-'))
    const outfile = join(folder, 'simple-peer.mjs')
    const { metafile } = await build({
      stdin: { contents: "export { default } from 'simple-peer/simplepeer.min.js'", resolveDir: '.' },
      absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
      bundle: true,
      format: 'esm',
      platform: 'browser',
      alias: simplePeerAlias,
      outfile,
      metafile: true,
    })
    const packages = Object.keys(metafile.inputs).filter((path) => path.startsWith('node_modules/'))
    expect(packages).to.have.members([
      'node_modules/simple-peer/index.js',
      'node_modules/get-browser-rtc/index.js',
      'node_modules/queue-microtask/index.js',
      'node_modules/err-code/index.js',
    ])
    SimplePeer = ((await import(pathToFileURL(outfile).href)) as { default: SimplePeer }).default
  })
  afterEach(() => {
    for (const peer of peers) peer.destroy()
    peers = []
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** Two peers that are given each other's signals. */
  function pair(): [Instance, Instance] {
    const [a, b] = [true, false].map((initiator) => {
      return new SimplePeer({ initiator, wrtc, channelConfig: { negotiated: true, id: 0 }, config: {} })
    }) as [Instance, Instance]
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      from.on('signal', (data: SignalData) => to.destroyed || to.signal(data))
    peers = [a, b]
    return [a, b]
  }

  it('connects, and carries bytes both ways in their order', async () => {
    const [a, b] = pair()
    const received: Record<'a' | 'b', Uint8Array[]> = { a: [], b: [] }
    a.on('data', (bytes: Uint8Array) => received.a.push(bytes))
    b.on('data', (bytes: Uint8Array) => received.b.push(bytes))
    await Promise.all([a, b].map((peer) => new Promise<void>((resolve) => peer.once('connect', resolve))))
    for (let i = 1; i <= 100; i++) a.send(new Uint8Array(i).fill(i))
    b.send(new Uint8Array(16 * 1024).fill(7))
    await until(() => received.b.length === 100 && received.a.length === 1, 'all messages')
    expect(received.b.map((bytes) => [bytes.length, bytes.at(-1)])).to.deep.equal(
      Array.from({ length: 100 }, (_, i) => [i + 1, i + 1]),
    )
    expect(received.a[0])
      .to.be.an.instanceof(Uint8Array)
      .with.length(16 * 1024)
  })

  it('closes once when it is destroyed, and so does the other side', async () => {
    const [a, b] = pair()
    const closed: string[] = []
    a.on('close', () => closed.push('a'))
    b.on('close', () => closed.push('b'))
    await Promise.all([a, b].map((peer) => new Promise<void>((resolve) => peer.once('connect', resolve))))
    a.destroy()
    a.destroy()
    await until(() => closed.length === 2, 'both sides closed')
    expect(closed).to.deep.equal(['a', 'b'])
  })

  it('names the error of a description that the implementation refuses', async () => {
    const [a] = pair()
    const failed = new Promise<Error & { code?: string }>((resolve) => a.once('error', resolve))
    a.signal({ type: 'answer', sdp: 'v=0' })
    expect((await failed).code).to.equal('ERR_SET_REMOTE_DESCRIPTION')
  })

  it('throws an error that nobody listens to', () => {
    expect(() => new Duplex().emit('error', new Error('unheard'))).to.throw('unheard')
  })

  it('hands on no empty message, and none after the end', () => {
    const stream = new Duplex()
    const messages: unknown[] = []
    stream.on('data', (bytes: Uint8Array) => messages.push([...bytes]))
    for (const message of ['hi', new Uint8Array(0), null, new Uint8Array(1)]) stream.push(message)
    expect(messages).to.deep.equal([[104, 105]])
  })
})
