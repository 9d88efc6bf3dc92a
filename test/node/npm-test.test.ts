/** `npm test` never passes by accident: each way a run can go wrong, in a project of its own, ends with a count. */
import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Notes what it is asked and fails, as npm does without a network. */
const FAKE_NPM = `
const { appendFileSync } = require('node:fs')
appendFileSync(__dirname + '/npm.log', process.argv.slice(2).join(' ') + '\\n')
process.exit(1)`

const LOCKED_A = { version: '1.0.0', integrity: 'sha512-a' }
const LOCKED = {
  '': { name: 'project' },
  'node_modules/a': LOCKED_A,
  'node_modules/b': { version: '1.0.0', optional: true },
  'node_modules/c': { version: '1.0.0', os: ['plan9'] },
}

interface Ending {
  code: number
  lastLine: string
  output: string
}

describe('npm test', () => {
  let project = ''

  beforeEach(async () => {
    project = await mkdtemp(join(tmpdir(), 'gossip-kv-npm-test-'))
    await cp(join(repository, 'scripts'), join(project, 'scripts'), { recursive: true })
    await mkdir(join(project, 'test'))
    for (const name of ['package.json', 'package-lock.json', '.mocharc.json'])
      await copyFile(join(repository, name), join(project, name))
  })
  afterEach(() => rm(project, { recursive: true, force: true }))

  it('counts what passed and what failed, and fails for one failure', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "it('passes', () => {})\nit('fails', () => { throw new Error('no') })")
    await write('test/node/b.test.ts', "it('passes too', () => {})")
    const ending = await npmTest('unit', 'node')
    expect(ending.lastLine).to.equal('2 passed, 1 failed')
    expect(ending.code).to.equal(1)
    expect(ending.output).to.match(/failed: \[unit\] .*a\.test\.ts: fails/)
  })

  it('passes when everything does', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "it('passes', () => {})\nit.skip('waits', () => {})")
    const ending = await npmTest('unit')
    expect([ending.lastLine, ending.code]).to.deep.equal(['1 passed, 0 failed', 0])
    expect(ending.output).to.include('1 skipped')
  })

  it('takes a runner that crashes for a failure', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "it('passes', () => {})")
    await write('test/node/b.test.ts', "it('dies', () => process.kill(process.pid, 'SIGKILL'))")
    const ending = await npmTest('unit', 'node')
    expect([ending.lastLine, ending.code]).to.deep.equal(['1 passed, 1 failed', 1])
    expect(ending.output).to.include('the runner ended before its tests did')
  })

  it('takes a process that ends itself with 0 in the middle of its tests for a failure', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "it('leaves', () => process.exit(0))\nit('never runs', () => {})")
    const ending = await npmTest('unit')
    expect([ending.lastLine, ending.code]).to.deep.equal(['0 passed, 1 failed', 1])
  })

  it('takes a file that does not load for a failure', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "import './nowhere.js'")
    const ending = await npmTest('unit')
    expect([ending.lastLine, ending.code]).to.deep.equal(['0 passed, 1 failed', 1])
  })

  it('takes a part without tests, and a part that there is not, for a failure', async () => {
    await linkModules()
    await write('test/unit/a.test.ts', "describe('empty', () => {})")
    for (const part of ['unit', 'node', 'unti']) {
      const ending = await npmTest(part)
      expect([ending.lastLine, ending.code], part).to.deep.equal(['0 passed, 1 failed', 1])
    }
  })

  it('takes tests in a folder that no suite covers for a failure', async () => {
    await linkModules()
    await write('test/elsewhere/a.test.ts', "it('passes', () => {})")
    const ending = await npmTest()
    expect([ending.lastLine, ending.code]).to.deep.equal(['0 passed, 1 failed', 1])
    expect(ending.output).to.include('test/elsewhere')
  })

  describe('before its tests', () => {
    beforeEach(async () => {
      await write('npm.js', FAKE_NPM)
      await write('package.json', '{ "type": "commonjs" }')
      await write('package-lock.json', JSON.stringify({ packages: LOCKED }))
    })

    it('installs when node_modules is missing, development packages too and without scripts', async () => {
      const ending = await npmTest('unit')
      expect(await installs()).to.deep.equal(['ci --include=dev --ignore-scripts --no-audit --no-fund'])
      expect(ending.output).to.include('node_modules is missing')
    })

    it('ends with a count when the installation fails', async () => {
      const ending = await npmTest('unit')
      expect([ending.lastLine, ending.code]).to.deep.equal(['0 passed, 1 failed', 1])
    })

    for (const [what, installed, count] of [
      [
        'what the lock names is there, but for another system and the optional',
        { 'node_modules/a': LOCKED_A },
        0,
      ],
      ['a package has another version', { 'node_modules/a': { ...LOCKED_A, version: '1.0.1' } }, 1],
      ['a package has other contents', { 'node_modules/a': { ...LOCKED_A, integrity: 'sha512-other' } }, 1],
      ['a package is missing', {}, 1],
    ] as const) {
      it(`installs ${count === 0 ? 'nothing' : 'again'} when ${what}`, async () => {
        await write('node_modules/a/package.json', '{}')
        await write('node_modules/.package-lock.json', JSON.stringify({ packages: installed }))
        await npmTest('unit')
        expect(await installs()).to.have.length(count)
      })
    }
  })

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(project, path)), { recursive: true })
    await writeFile(join(project, path), `${text}\n`)
  }

  function linkModules(): Promise<void> {
    return symlink(join(repository, 'node_modules'), join(project, 'node_modules'))
  }

  /** What the npm of the test was asked to do. */
  async function installs(): Promise<string[]> {
    const text = await readFile(join(project, 'npm.log'), 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }

  function npmTest(...parts: string[]): Promise<Ending> {
    const { COUNT_FILE: _, ...environment } = process.env
    const env = { ...environment, npm_execpath: join(project, 'npm.js') }
    return new Promise((resolve) => {
      execFile(process.execPath, ['scripts/test.mjs', ...parts], { cwd: project, env }, (error, stdout) => {
        const code = error === null ? 0 : Number(error.code ?? -1)
        resolve({ code, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '', output: stdout })
      })
    })
  }
})
