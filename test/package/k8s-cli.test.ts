/** The settings that the manifests give to the processes, held against the built program itself. */
import { spawnSync } from 'node:child_process'
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
      }).timeout(20_000)

      it('is told nothing twice', () => {
        const doubled = [...flags.keys()].filter((flag) => {
          return variables.has(`${PREFIX}${flag.toUpperCase().replaceAll('-', '_')}`)
        })
        expect(doubled).to.deep.equal([])
      })
    }
  })
}
