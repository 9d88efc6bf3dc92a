/** The commands that ask a running member, and those that work in a data folder. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import * as Y from 'yjs'
import { brief, table } from '../../../cli/output.js'
import { BuiltCli, type RunningCli } from './harness.js'

describe('the commands that ask a member', () => {
  let cli: BuiltCli
  let folder: string
  let env: Record<string, string>
  let node: RunningCli

  before(async () => {
    cli = await BuiltCli.make()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-ask-'))
    await startNode('--writable')
  })
  afterEach(async () => {
    await cli.stopAll()
    await rm(folder, { recursive: true, force: true })
  })
  after(() => cli.dispose())

  async function startNode(...args: string[]): Promise<void> {
    node = cli.start(['node', '--cluster=ask', '--name=asked', `--data=${join(folder, 'data')}`, ...args])
    env = { GOSSIP_KV_PORT: String((await node.json())['port']) }
  }

  /** Runs a command to its end. */
  async function run(...args: string[]): Promise<{ code: number | string; out: string; err: string }> {
    const running = cli.start(args, env)
    const code = await running.exit()
    return { code, out: running.stdout, err: running.stderr }
  }

  async function data(...args: string[]): Promise<unknown> {
    const { code, out, err } = await run(...args)
    expect(code, err).to.equal(0)
    expect(err).to.equal('')
    return out === '' ? undefined : JSON.parse(out)
  }

  it('write, read, list and delete keys', async () => {
    await data('set', 'a/1', '{"x":[1,null]}')
    await data('set', 'a/ü %', 'no json')
    await data('set', 'n', '5', '--text')
    await data('set', 'bytes', 'AB', '--bytes')
    expect(await data('get', 'a/1')).to.deep.equal({ x: [1, null] })
    expect((await run('get', 'a/ü %', '--raw')).out).to.equal('no json')
    expect(await data('get', 'n')).to.equal('5')
    expect(await data('get', 'bytes')).to.deep.equal({ $base64: 'QUI=' })
    expect((await run('get', 'bytes', '--raw')).out).to.equal('AB')
    expect(await data('list', '--prefix', 'a/')).to.deep.equal({
      'a/1': { x: [1, null] },
      'a/ü %': 'no json',
    })
    await data('delete', 'a/1')
    expect(Object.keys((await data('list')) as object)).to.deep.equal(['a/ü %', 'bytes', 'n'])
  })

  it('show members and status', async () => {
    expect(await data('members')).to.have.nested.property('[0].name', 'asked')
    expect(await data('status', '--json')).to.include({ cluster: 'ask', name: 'alone' })
  })

  it('follow changes until they are stopped, and fail when the member goes', async () => {
    await data('set', 'a/1', '1')
    const watch = cli.start(['watch', '--prefix=a/', '--initial'], env)
    const failing = cli.start(['watch', '--prefix=z/', '--initial'], env)
    expect(await watch.json()).to.deep.equal({ key: 'a/1', value: 1 })
    await data('set', 'z/1', '1')
    await failing.line()
    watch.child.kill('SIGINT')
    expect(await watch.exit()).to.equal(0)
    node.child.kill('SIGTERM')
    expect(await failing.exit()).to.equal(1)
    expect(failing.stderr).to.match(/ERR_API_UNREACHABLE/)
  })

  it('keep, compare, export, import, restore and remove checkpoints', async () => {
    await data('set', 'k', '1')
    const made = (await data('checkpoint', 'create', '--label', 'one')) as { id: string }
    await data('set', 'k', '2')
    expect(await data('checkpoint', 'list')).to.have.nested.property('[0].label', 'one')
    expect(await data('checkpoint', 'show', 'one')).to.have.nested.property('entries[0].value', 1)
    const changed = [{ key: 'k', before: 1, after: 2 }]
    expect(await data('checkpoint', 'diff', made.id)).to.deep.equal({ added: [], changed, removed: [] })
    expect(await data('checkpoint', 'diff', 'one', 'one')).to.deep.equal({
      added: [],
      changed: [],
      removed: [],
    })
    const file = join(folder, 'export.bin')
    await data('checkpoint', 'export', 'one', file)
    const doc = new Y.Doc()
    Y.applyUpdate(doc, new Uint8Array(await readFile(file)))
    expect(doc.getMap('usr').toJSON()).to.deep.equal({ k: 1 })
    await data('checkpoint', 'import', file, '--label=imported')
    expect(await data('checkpoint', 'restore', 'imported')).to.deep.include({
      changed: [{ key: 'k', before: 2, after: 1 }],
    })
    expect(await data('get', 'k')).to.equal(1)
    await data('checkpoint', 'remove', 'one')
    expect(await data('checkpoint', 'list')).to.have.length(1)
  })

  it('work in a data folder that no member uses, and in no other', async () => {
    await data('set', 'k', '1')
    await data('checkpoint', 'create', '--label=one')
    await data('set', 'k', '2')
    const place = ['--data', join(folder, 'data')]
    const locked = await run('checkpoint', 'list', ...place)
    expect(locked.code).to.equal(1)
    expect(locked.err).to.match(/ERR_DATA_LOCKED/)
    node.child.kill('SIGTERM')
    await node.exit()
    expect(await data('checkpoint', 'list', ...place)).to.have.length(1)
    await data('checkpoint', 'restore', 'one', ...place)
    const missing = await run('checkpoint', 'list', '--data', join(folder, 'elsewhere'))
    expect([missing.code, missing.err]).to.satisfy(
      ([code, err]: [number, string]) => code === 2 && err.includes('There is no folder'),
    )
    await startNode('--writable')
    expect(await data('get', 'k')).to.equal(1)
  })

  it('say what is wrong by their message and exit code', async () => {
    const failures: [string[], number, RegExp][] = [
      [['get', 'none'], 3, /There is no key "none"/],
      [['checkpoint', 'show', 'none'], 3, /ERR_CHECKPOINT_MISSING/],
      [['get'], 2, /The key is missing/],
      [['set', 'k'], 2, /The value is missing/],
      [['get', 'a', 'b'], 2, /a word too many: "b"/],
      [['set', '__proto__', '1'], 2, /ERR_KEY_INVALID/],
      [['checkpoint', 'lst'], 2, /no action "lst".*Did you mean list\?/],
      [['checkpoint', 'show'], 2, /not said which checkpoint/],
      [['checkpoint', 'import', join(folder, 'none.bin')], 2, /none\.bin.*cannot be read/],
      [['get', 'k', '--url', 'ftp://x'], 2, /--url is "ftp:\/\/x"/],
      [['get', 'k', '--url', 'http://127.0.0.1:1'], 1, /ERR_API_UNREACHABLE.*127\.0\.0\.1:1/],
    ]
    for (const [args, code, message] of failures) {
      const { code: exit, out, err } = await run(...args)
      expect(err, args.join(' ')).to.match(message)
      expect([exit, out], args.join(' ')).to.deep.equal([code, ''])
    }
    node.child.kill('SIGTERM')
    await node.exit()
    await startNode()
    const readOnly = await run('set', 'k', '1')
    expect([readOnly.code, readOnly.err]).to.satisfy(
      ([code, err]: [number, string]) => code === 1 && err.includes('without --writable'),
    )
  })
})

describe('what the commands print on a terminal', () => {
  it('is aligned, and no name of another member reaches the terminal as more than text', () => {
    expect(
      table(
        ['ID', 'NAME'],
        [
          ['a', 'long name'],
          ['bcd', undefined],
        ],
      ),
    ).to.equal('ID   NAME\na    long name\nbcd  -')
    expect(table(['N'], [['\u001b[2Jx\u009b\u202e\n']])).to.equal('N\n\\u001b[2Jx\\u009b\\u202e\\u000a')
    expect(brief({ k: '\u009b1m' })).to.equal('{"k":"\\u009b1m"}')
    expect(brief('x'.repeat(100))).to.have.length(61)
  })
})
