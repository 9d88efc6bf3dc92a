/** The settings that the manifests give to the processes, held against the built program itself. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { renderKustomization } from './k8s/kustomize.js'
import { asManifests, workloads } from './k8s/manifest.js'
import { processSettings } from './k8s/process-settings.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = `${root}/dist/cli/main.js`
const manifests = asManifests(renderKustomization(`${root}/k8s/overlays/minikube`))
const PREFIX = 'GOSSIP_KV_'

/** The flags that the program's own help lists for a command. */
function flagsOf(command: string): string[] {
  const help = spawnSync(process.execPath, [program, command, '--help'], { encoding: 'utf8' })
  if (help.status !== 0) throw new Error(`gossip-kv ${command} --help failed: ${help.stderr}`)
  return [...`${help.stdout}${help.stderr}`.matchAll(/--([a-z][a-z-]*)/g)].map(([, flag]) => flag ?? '')
}

/** Runs a member as its pod would, with these variables beside those of the manifests, until it is up or has ended. */
async function startMember(more: Record<string, string>): Promise<string> {
  const pod = workloads(manifests).find(({ name }) => name === 'member')?.pod
  const { flags, variables } = processSettings(pod?.containers[0] ?? { name: '' }, manifests)
  const data = mkdtempSync(join(tmpdir(), 'gossip-kv-pod-'))
  const own = new Map([...flags, ['port', '0'], ['data', data]])
  const args = [...own].map(([flag, value]) => `--${flag}=${value}`)
  const env = { PATH: process.env['PATH'] ?? '', ...Object.fromEntries(variables), ...more }
  const member = spawn(process.execPath, [program, 'node', '--json', ...args], { env })
  let printed = ''
  const ended = new Promise<void>((resolve) => member.on('close', () => resolve()))
  const isUp = new Promise<void>((resolve) => {
    for (const stream of [member.stdout, member.stderr])
      stream.on('data', (chunk) => {
        printed += String(chunk)
        if (printed.includes('"id"')) resolve()
      })
  })
  await Promise.race([isUp, ended])
  member.kill('SIGTERM')
  await ended
  rmSync(data, { recursive: true })
  return printed
}

describe('a member with the settings of its pod', () => {
  it('does not start while its Secret is empty', async () => {
    expect(await startMember({ GOSSIP_KV_SECRET: '' })).to.include('ERR_SECRET_MISSING')
  })

  it('starts with what keygen prints, line end and all', async () => {
    const { stdout } = spawnSync(process.execPath, [program, 'keygen'], { encoding: 'utf8' })
    const printed = await startMember({ GOSSIP_KV_SECRET: stdout })
    expect(printed).to.include('"cluster":"default"').and.not.include(stdout.trim())
  })
})

for (const { title, pod } of workloads(manifests)) {
  describe(`the process of ${title}`, () => {
    for (const container of pod.containers) {
      const { command, flags, variables } = processSettings(container, manifests)

      it(`is told only what \`gossip-kv ${command}\` understands`, () => {
        const fromVariables = [...variables.keys()].map((name) => {
          expect(name.startsWith(PREFIX), `${name} begins with ${PREFIX}`).to.equal(true)
          return name.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')
        })
        expect(flagsOf(command)).to.include.members([...flags.keys(), ...fromVariables])
      })

      it('is told nothing twice', () => {
        const doubled = [...flags.keys()].filter((flag) => {
          return variables.has(`${PREFIX}${flag.toUpperCase().replaceAll('-', '_')}`)
        })
        expect(doubled).to.deep.equal([])
      })
    }
  })
}
