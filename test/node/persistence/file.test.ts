/** The data folder: what survives kill -9, damage on the disk, and a second process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { StorageError } from '../../../src/base/errors.js'
import { persistenceContract } from '../../../src/data/persistence/contract.js'
import { filePersistence } from '../../../src/data/persistence/file.node.js'
import type { Loaded, Persistence } from '../../../src/data/persistence/persistence.js'
import { until } from '../../until.js'

const fixture = fileURLToPath(new URL('./save-fixture.ts', import.meta.url))
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (content: Uint8Array | undefined) =>
  content === undefined ? undefined : new TextDecoder().decode(content)

persistenceContract({ describe, it }, 'a data folder', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'gossip-kv-'))
  return {
    adapter: () => filePersistence(join(parent, 'data')),
    dispose: () => rm(parent, { recursive: true }),
  }
})

describe('a data folder', () => {
  let folder: string
  const opened: Persistence[] = []
  const children: ChildProcess[] = []

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'gossip-kv-')), 'data')
  })

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const persistence of opened.splice(0)) await persistence.close()
    await rm(join(folder, '..'), { recursive: true, force: true })
  })

  async function open(): Promise<{ persistence: Persistence; loaded: Loaded }> {
    const persistence = filePersistence(folder)
    opened.push(persistence)
    return { persistence, loaded: await persistence.open() }
  }

  async function openAndFail(): Promise<StorageError> {
    const error = await open().then(
      () => new Error('it opened'),
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(StorageError)
    return error as StorageError
  }

  /** Saves each text and closes. */
  async function saved(...texts: string[]): Promise<void> {
    const { persistence } = await open()
    await persistence.saveIdentity(bytes('member'))
    for (const each of texts) await persistence.snapshot(bytes(each))
    await persistence.close()
  }

  const snapshots = async () => (await readdir(folder)).filter((name) => /^snapshot.*gkv$/.test(name)).sort()

  it('is made when it is missing, and is empty at first', async () => {
    const { loaded } = await open()
    expect(loaded).to.deep.equal({ records: [] })
  })

  it('gives back the id and the newest snapshot, and keeps two', async () => {
    await saved('one', 'two', 'three')
    const { loaded, persistence } = await open()
    expect(text(loaded.identity)).to.equal('member')
    expect(text(loaded.snapshot)).to.equal('three')
    expect(loaded.snapshot?.constructor).to.equal(Uint8Array)
    expect(loaded.warning).to.equal(undefined)
    expect(await snapshots()).to.have.length(2)
    await persistence.snapshot(bytes('four'))
    expect((await snapshots()).join()).to.match(/000000003.*000000004/)
  })

  it('lets nobody but its owner read it', async () => {
    await saved('one')
    for (const name of ['identity.gkv', ...(await snapshots())]) {
      expect((await stat(join(folder, name))).mode & 0o777, name).to.equal(0o600)
    }
    expect((await stat(folder)).mode & 0o777).to.equal(0o700)
  })

  it('saves in the order of the calls, with the bytes as they were at the call', async () => {
    const { persistence } = await open()
    const buffer = bytes('one')
    const first = persistence.snapshot(buffer)
    buffer.set(bytes('two'))
    const second = persistence.snapshot(buffer)
    buffer.fill(0)
    await Promise.all([first, second])
    const [older, newer] = await Promise.all(
      (await snapshots()).map(async (name) => String(await readFile(join(folder, name))).slice(-3)),
    )
    expect([older, newer]).to.deep.equal(['one', 'two'])
  })

  it('falls back to the previous snapshot when a byte of the newest one flips, wherever it is', async () => {
    for (const at of [0, 8, 20, -1]) {
      await saved('previous', 'newest')
      const name = (await snapshots())[1] ?? ''
      await flip(join(folder, name), at)
      const { loaded, persistence } = await open()
      expect(text(loaded.snapshot), String(at)).to.equal('previous')
      expect(text(loaded.identity)).to.equal('member')
      expect(loaded.warning?.message).to.contain(name).and.contain('ERR_DATA_CORRUPT')
      expect(await readdir(folder)).to.include(`${name}.damaged`)
      await persistence.snapshot(bytes('next'))
      await persistence.close()
    }
  })

  it('counts a damaged snapshot no longer as one to fall back to', async () => {
    await saved('one', 'two')
    await flip(join(folder, (await snapshots())[1] ?? ''), -1)
    const { persistence } = await open()
    await persistence.snapshot(bytes('three'))
    await persistence.close()
    await flip(join(folder, (await snapshots()).at(-1) ?? ''), -1)
    expect(text((await open()).loaded.snapshot)).to.equal('one')
  })

  it('refuses to start from nothing when every snapshot is damaged, and deletes none', async () => {
    await saved('one', 'two')
    const names = await snapshots()
    await truncate(join(folder, names[0] ?? ''), 10)
    await writeFile(join(folder, names[1] ?? ''), '')
    const contents = async () => (await readdir(folder)).filter((name) => !name.startsWith('lock'))
    const before = await contents()
    const error = await openAndFail()
    expect(error.code).to.equal('ERR_DATA_CORRUPT')
    expect(error.message).to.contain(names[0]).and.contain(names[1]).and.contain('move the folder away')
    expect(await contents()).to.deep.equal(before)
  })

  it('does not go back in time when a newer version wrote the newest snapshot', async () => {
    await saved('one', 'two')
    const path = join(folder, (await snapshots())[1] ?? '')
    const { createHash } = await import('node:crypto')
    const head = Buffer.from('GOSSIPKV\u0002', 'latin1')
    const content = Buffer.from('future')
    await writeFile(
      path,
      Buffer.concat([head, createHash('sha256').update(head).update(content).digest(), content]),
    )
    expect((await openAndFail()).message).to.contain('version 2')
    expect(await snapshots()).to.have.length(2)
  })

  it('takes a damaged id for none and says so', async () => {
    await saved('one')
    await flip(join(folder, 'identity.gkv'), -1)
    const { loaded } = await open()
    expect(loaded.identity).to.equal(undefined)
    expect(loaded.warning?.message).to.contain('identity.gkv')
    expect(text(loaded.snapshot)).to.equal('one')
  })

  it('is whole after kill -9 in the middle of a save, and newer than everything reported durable', async () => {
    let before = 0
    for (let round = 0; round < 6; round++) {
      const { lines, child } = await start('save')
      const wanted = 2 + round
      await until(() => lines.length > wanted, 'some saves')
      // Kills at different points of the next save.
      await new Promise((resolve) => setTimeout(resolve, round))
      await killed(child)
      expect(lines[0]).to.equal(`open ${before}`)
      const durable = Number(lines.at(-1))
      const { loaded, persistence } = await open()
      const content = loaded.snapshot ?? new Uint8Array(4)
      before = new DataView(content.buffer, content.byteOffset).getUint32(0)
      expect(before).to.be.within(durable, durable + 1)
      expect(content.subarray(4).every((byte) => byte === before % 256)).to.equal(true)
      expect(loaded.warning).to.equal(undefined)
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).to.deep.equal([])
      await persistence.close()
    }
  })

  it('is locked while a living process has it, and names that process', async () => {
    const { child } = await start('hold')
    const error = await openAndFail()
    expect(error.code).to.equal('ERR_DATA_LOCKED')
    expect(error.message).to.contain(`process ${child.pid}`).and.contain(folder)
    await killed(child)
    expect((await open()).loaded).to.deep.equal({ records: [] })
  })

  it('is locked for a second user in the same process, and free after close', async () => {
    const { persistence } = await open()
    expect((await openAndFail()).code).to.equal('ERR_DATA_LOCKED')
    await persistence.close()
    await persistence.close()
    await open()
  })

  it('is taken over from a process whose pid has been given to another one', async () => {
    const stale = [
      { pid: process.pid, start: 'an earlier boot:1' },
      { pid: process.ppid, start: 'an earlier boot:1' },
      { pid: 2 ** 22 + 1, start: 'x' },
    ]
    for (const holder of [
      ...stale.map((each) => JSON.stringify(each)),
      '',
      '{"pid":-1,"start":"x"}',
      'null',
    ]) {
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
      await writeFile(join(folder, 'lock-000007'), holder)
      const { persistence } = await open()
      expect(await readdir(folder), holder).to.deep.equal(['lock-000008'])
      await persistence.close()
    }
  })

  it('has one winner when several want a stale lock at once', async () => {
    for (let round = 0; round < 20; round++) {
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
      await writeFile(join(folder, 'lock-000001'), JSON.stringify({ pid: 2 ** 22 + 1, start: 'x' }))
      const results = await Promise.allSettled(Array.from({ length: 8 }, open))
      expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
      for (const persistence of opened.splice(0)) await persistence.close()
    }
  })

  it('says that it cannot be written, and works again once it can', async () => {
    await writeFile(folder, 'a file, not a folder')
    const error = await openAndFail()
    expect(error.code).to.equal('ERR_DATA_UNWRITABLE')
    expect(error.message).to.contain(folder)
    await rm(folder)
    const { persistence } = await open()
    await rm(folder, { recursive: true })
    const failed = await persistence.snapshot(bytes('one')).catch((reason: unknown) => reason)
    expect(failed).to.be.instanceOf(StorageError).and.include({ code: 'ERR_DATA_UNWRITABLE' })
    await mkdir(folder)
    await persistence.snapshot(bytes('two'))
    expect(await snapshots()).to.have.length(1)
  })

  it('refuses to save before open and after close', async () => {
    const persistence = filePersistence(folder)
    const early = await persistence.snapshot(bytes('x')).catch((reason: unknown) => reason)
    expect(early).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    await persistence.open()
    await persistence.close()
    const late = await persistence.saveIdentity(bytes('x')).catch((reason: unknown) => reason)
    expect(late).to.include({ code: 'ERR_DATA_UNWRITABLE' })
  })

  async function start(mode: string): Promise<{ child: ChildProcess; lines: string[] }> {
    const child = spawn(process.execPath, ['--import=tsx', fixture, folder, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    let output = ''
    const lines: string[] = []
    child.stdout?.on('data', (chunk) => {
      output += String(chunk)
      lines.splice(0, lines.length, ...output.split('\n').slice(0, -1))
    })
    await until(() => lines.length > 0, 'the child has opened the folder')
    return { child, lines }
  }
})

/** Waits until the output is complete, too. */
async function killed(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}

async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path)
  const index = at < 0 ? content.length + at : at
  content[index] = (content[index] ?? 0) ^ 1
  await writeFile(path, content)
}
