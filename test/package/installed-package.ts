/** The package as a user has it: packed, unpacked into a node_modules of its own, beside what it declares. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../..', import.meta.url))

interface Manifest {
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  exports: Record<string, string | Record<string, string>>
}

/** A folder in which `gossip-kv` is installed; `remove` deletes it. */
export interface InstalledPackage {
  folder: string
  /** The packed file. */
  tarball: string
  /** Where it is unpacked. */
  root: string
  manifest: Manifest
  /** The paths in the tarball. */
  files: string[]
  /** Runs a program of plain JavaScript there and answers what it printed, errors too; fails when it does. */
  run(program: string): Promise<string>
  remove(): Promise<void>
}

/**
 * Packs dist as it is and installs it with its dependencies and the packages `beside` it, by default all its peers. No
 * other package can be imported from there.
 */
export async function installPackage(beside?: readonly string[]): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'gossip-kv-package-'))
  const target = join(folder, 'node_modules', 'gossip-kv')
  await mkdir(target, { recursive: true })
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: repository,
  })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error('npm pack wrote no tarball')
  await run('tar', ['-xzf', join(folder, tarball), '-C', target, '--strip-components=1'])
  const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as Manifest
  const others = beside ?? Object.keys(manifest.peerDependencies)
  for (const name of [...Object.keys(manifest.dependencies), ...others]) {
    await mkdir(dirname(join(folder, 'node_modules', name)), { recursive: true })
    await symlink(join(repository, 'node_modules', name), join(folder, 'node_modules', name))
  }
  const entries = await readdir(target, { recursive: true })
  return {
    folder,
    tarball: join(folder, tarball),
    root: target,
    manifest,
    files: entries.map((entry) => entry.replaceAll('\\', '/')),
    async run(program) {
      const file = join(folder, 'program.mjs')
      await writeFile(file, program)
      const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder, timeout: 30_000 })
      return (stdout + stderr).trim()
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
