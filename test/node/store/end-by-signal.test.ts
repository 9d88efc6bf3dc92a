/** What a signal means for a store in a process that has no plan for it, and in one that has. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createSignalingServer, type SignalingServer } from '../../../signaling-server/server.js'
import { createStore, type Member, type Store } from '../../../src/index.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A process with one store; it prints `in` when that has met the other one. */
function program(signaling: string, more: string): string {
  return `
    import { createStore } from './src/index.ts'
    const store = createStore({ cluster: 'ends', signaling: '${signaling}', name: 'child' })
    ${more}
    await store.synced({ timeout: 30_000 })
    console.log('in', process.listenerCount('SIGTERM'), process.listenerCount('SIGINT'))
    await store.usr.once('write now')
    store.usr.set('last', 'word')
    console.log('wrote')`
}

describe('a process that is told to end', () => {
  let signaling: SignalingServer
  let store: Store
  let child: ChildProcess
  let printed = ''

  beforeEach(async () => {
    signaling = await createSignalingServer()
    store = createStore({ cluster: 'ends', signaling: signaling.url })
    printed = ''
  })
  afterEach(async () => {
    child.kill('SIGKILL')
    await store.close()
    await signaling.close()
  })

  async function start(more = ''): Promise<void> {
    const args = ['--import=tsx', '--input-type=module', '-e', program(signaling.url, more)]
    child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout?.on('data', (text) => {
      printed += text
    })
    await said('in ')
  }

  const said = async (text: string) => {
    while (!printed.includes(text)) await once(child.stdout ?? child, 'data')
  }
  const gone = () => new Promise<Member>((resolve) => store.on('gone', resolve))

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`says goodbye with its last write, and ends of ${signal} as it would have`, async () => {
      await start()
      store.usr.set('write now', true)
      await said('wrote')
      const [member, [code, by]] = await Promise.all([gone(), once(child, 'exit'), child.kill(signal)])
      expect([member.name, member.state, store.usr.get('last')]).to.deep.equal(['child', 'left', 'word'])
      expect([code, by]).to.deep.equal([null, signal])
    })
  }

  it('leaves a signal alone to which the application listens, as if there were no store', async () => {
    await start("process.on('SIGTERM', () => console.log('mine', process.listenerCount('SIGTERM')))")
    child.kill('SIGTERM')
    await said('mine 1')
    store.usr.set('write now', true)
    expect(await store.usr.once('last')).to.equal('word')
    expect(store.members.list().map(({ state }) => state)).to.deep.equal(['alive', 'alive'])
  })

  it('listens to nothing any more once the store is closed', async () => {
    await start(`
      const counts = () => ['SIGTERM', 'SIGINT', 'newListener'].map((event) => process.listenerCount(event)).join()
      const before = counts()
      await store.synced({ timeout: 30_000 })
      const during = counts()
      await store.close()
      console.log('in', during !== before, counts() === before)
      process.exit()`)
    expect(printed.trim()).to.equal('in true true')
  })
})
