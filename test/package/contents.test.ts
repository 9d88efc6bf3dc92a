/** What npm downloads and installs for a user of the package. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type InstalledPackage, installPackage } from './installed-package.js'

const PACKED_BYTES_MAX = 1_200_000
const root = fileURLToPath(new URL('../..', import.meta.url))

interface Locked {
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
  hasInstallScript?: boolean
}

/** What a package brings along: dependencies, and the peers that npm installs by itself. */
function needsOf({ dependencies, peerDependencies, peerDependenciesMeta }: Locked): string[] {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional)
  return [...Object.keys(dependencies ?? {}), ...peers]
}

describe('the package that npm installs', () => {
  let installed: InstalledPackage

  before(async () => {
    installed = await installPackage()
  })

  after(() => installed.remove())

  it('has at most 1.2 MB when it is packed', () => {
    expect(statSync(installed.tarball).size).to.be.at.most(PACKED_BYTES_MAX)
  })

  it('holds neither sources nor source maps', () => {
    expect(installed.files.filter((file) => /^src\/|\.map$/.test(file))).to.deep.equal([])
  })

  it('brings Yjs and what belongs to it, and no install script', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, Locked>
    }
    const found = new Map<string, Locked>()
    const visit = (name: string): void => {
      const locked = lock.packages[`node_modules/${name}`]
      if (locked === undefined) throw new Error(`${name} is not in package-lock.json`)
      if (found.has(name)) return
      found.set(name, locked)
      needsOf(locked).forEach(visit)
    }
    needsOf(installed.manifest).forEach(visit)
    expect([...found.keys()]).to.have.members(['isomorphic.js', 'lib0', 'y-protocols', 'yjs'])
    expect([...found.values()].filter(({ hasInstallScript }) => hasInstallScript)).to.deep.equal([])
  })

  it('carries the licenses of the packages that it inlines', () => {
    const text = readFileSync(join(installed.root, 'dist', 'LICENSES.txt'), 'utf8')
    const names = [...text.matchAll(/^(\S+) \d+\.\d+\.\d+$/gm)].map(([, name]) => name)
    expect(names).to.include.members(['citty', 'jose', 'pino', 'prom-client', 'simple-peer', 'ws'])
  })
})
