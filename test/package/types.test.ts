/** The declarations of the packed package, as a user's compiler reads them. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type InstalledPackage, installPackage } from './installed-package.js'

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

const OPTIONS = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  lib: ['ES2023', 'DOM'],
  types: [],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
}

describe('the declarations of the package', () => {
  let installed: InstalledPackage

  before(async () => {
    installed = await installPackage()
    await writeFile(join(installed.folder, 'package.json'), '{ "type": "module" }')
    await writeFile(
      join(installed.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: OPTIONS, files: ['program.ts'] }),
    )
  })

  after(() => installed.remove())

  /** What the compiler says of a program; nothing when it is right. */
  async function complaints(program: string): Promise<string> {
    await writeFile(join(installed.folder, 'program.ts'), program)
    const run = promisify(execFile)(process.execPath, [tsc, '-p', installed.folder], {
      cwd: installed.folder,
    })
    return run.then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
  }

  it('type presence by what the application registers, in the store and in both hooks', async () => {
    const program = `
      import { createStore } from 'gossip-kv'
      import { usePresence } from 'gossip-kv/react'
      import { usePresence as useVuePresence } from 'gossip-kv/vue'
      declare module 'gossip-kv' {
        interface Register { presence: { cursor: number; name: string } }
      }
      const store = createStore({ cluster: 'c' })
      store.presence.set({ cursor: 1 })
      const cursor: number | undefined = store.presence.get()?.cursor
      const name: string | undefined = store.members.list()[0]?.presence.name
      usePresence().set({ name: 'Ada' })
      const there: number | undefined = useVuePresence().others.value[0]?.state.cursor
      // @ts-expect-error a cursor is a number
      store.presence.set({ cursor: 'one' })
      // @ts-expect-error there is no such field
      store.presence.get()?.selection
      // @ts-expect-error a name is a text
      usePresence().set({ name: 7 })
      export { cursor, name, there }
    `
    expect(await complaints(program)).to.equal('')
  })

  it('take interfaces, with optional fields and nested, wherever a value is written or read', async () => {
    const program = `
      import { createStore, type Value } from 'gossip-kv'
      import { useValueState } from 'gossip-kv/react'
      interface Todo { title: string; due?: number; tags: readonly string[]; parts: Todo[]; icon: Uint8Array; more: Value }
      declare const todo: Todo
      declare const value: Value
      const { usr } = createStore({ cluster: 'c' })
      usr.set('todo', todo)
      usr.set('all', { todos: [todo], at: null })
      usr.set('any', value)
      usr.setMany({ todo, count: 1, text: 'x' })
      usr.setMany(new Map([['todo', todo]]))
      usr.update<Todo>('todo', (current) => current && { ...current, title: 'x' })
      usr.update('count', (current) => (typeof current === 'number' ? current + 1 : 1))
      const read: Todo | undefined = usr.get<Todo>('todo')
      const alias: { a: number } | undefined = usr.get<{ a: number }>('alias')
      const any: Value | undefined = usr.get('any')
      const [shown, set] = useValueState('todo', todo)
      set({ ...shown, title: 'x' })
      export { read, alias, any }
      export const generic = <T extends Value>(next: T): T | undefined => {
        usr.set('generic', next)
        usr.setMany({ next })
        return usr.get<T>('generic')
      }
    `
    expect(await complaints(program)).to.equal('')
  })

  it('refuse what no store takes: functions, dates, maps, sets, bigints, undefined, also inside of others', async () => {
    const refused = [
      '() => 1',
      'new Date()',
      'new Map()',
      '1n',
      'undefined',
      '[new Set()]',
      '{ a: new Date() }',
    ]
    const more = ['{ a() {} }', '{ a: undefined }', 'new (class { a() {} })()', 'input']
    const program = `
      import { createStore } from 'gossip-kv'
      declare const input: unknown
      const { usr } = createStore({ cluster: 'c' })
      ${[...refused, ...more].map((value) => `// @ts-expect-error\nusr.set('key', ${value})`).join('\n')}
      // @ts-expect-error
      usr.get<{ at: Date }>('key')?.at
      // @ts-expect-error
      usr.setMany({ key: new Date() })
      // @ts-expect-error
      usr.update<Date>('key', () => new Date())
    `
    expect(await complaints(program)).to.equal('')
  })

  it('take every example of the README and of the guide', async () => {
    const texts = await Promise.all(
      ['README.md', 'docs/GUIDE.md'].map((path) =>
        readFile(new URL(`../../${path}`, import.meta.url), 'utf8'),
      ),
    )
    const blocks = [...texts.join('\n').matchAll(/```[jt]s\n([\s\S]*?)```/g)].map(([, code = '']) => code)
    const imports = new Set(blocks.flatMap((code) => code.match(/^import .*$/gm) ?? []))
    const bodies = blocks.map((code) => code.replace(/^import .*$/gm, ''))
    const program = `
      ${[...imports].join('\n')}
      import type { Member, Store } from 'gossip-kv'
      import type { Doc } from 'yjs'
      interface Todo { title: string; done: boolean }
      type Draw = (...args: unknown[]) => void
      declare const store: Store
      declare const [secret, member, bytes, doc, one, two]: [string, Member, Uint8Array, Doc, Todo, Todo]
      declare const [draw, keep, report, yCollab]: [Draw, Draw, Draw, Draw]
      ${bodies.filter((code) => code.includes('declare module')).join('\n')}
      export async function examples(): Promise<void> {
        ${bodies
          .filter((code) => !code.includes('declare module'))
          .map((code) => `{ ${code} }`)
          .join('\n')}
      }
    `
    expect(blocks).to.have.length.above(8)
    expect(await complaints(program)).to.equal('')
  })

  it('take any JSON as presence without a registration', async () => {
    const program = `
      import { createStore } from 'gossip-kv'
      import { awareness } from 'gossip-kv/awareness'
      const store = createStore({ cluster: 'c', awareness })
      store.presence.set({ cursor: 1, user: { name: 'Ada' } })
      store.presence.awareness.setLocalStateField('user', { name: 'Ada' })
      store.on('message', ({ from, bytes }) => store.send(from, bytes))
      store.on('gone', (member) => member.state)
      // @ts-expect-error a message is bytes
      store.send('*', 'text')
    `
    expect(await complaints(program)).to.equal('')
  })
})
