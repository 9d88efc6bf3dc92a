/** The Dockerfiles and the guide, held against the manifests and against the files that they name. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { stagesOf, valuesOf } from './k8s/dockerfile.js'
import { renderKustomization } from './k8s/kustomize.js'
import { asManifests, workloads } from './k8s/manifest.js'
import { SECRET_BY_HAND } from './k8s/rules/wiring.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dockerfiles = { signaling: 'signaling-server/Dockerfile', member: 'cli/Dockerfile' }

function baseWorkload(name: string) {
  const workload = workloads(asManifests(renderKustomization(`${root}/k8s/base`))).find(
    (one) => one.name === name,
  )
  const container = workload?.pod.containers[0]
  if (!workload || !container) throw new Error(`the base has no ${name}`)
  return { pod: workload.pod, container }
}

for (const [name, file] of Object.entries(dockerfiles)) {
  describe(`${file}, the image of ${name}`, () => {
    const stages = stagesOf(`${root}/${file}`)
    const final = stages.at(-1) ?? []
    const { pod, container } = baseWorkload(name)

    it('runs as the user that the pod asks for, by number', () => {
      const { runAsUser, runAsGroup } = pod.securityContext ?? {}
      expect(valuesOf(final, 'USER')).to.deep.equal([`${runAsUser}:${runAsGroup}`])
    })

    it('exposes the port of the container', () => {
      const ports = container.ports?.map(({ containerPort }) => String(containerPort))
      expect(valuesOf(final, 'EXPOSE')).to.deep.equal(ports)
    })

    it('starts the program as process 1, without a shell, with the arguments of the pod', () => {
      const [entry = '', ...others] = valuesOf(final, 'ENTRYPOINT')
      expect(others).to.deep.equal([])
      expect(JSON.parse(entry)).to.deep.equal(['node', 'dist/cli/main.js'])
      const [command = ''] = valuesOf(final, 'CMD')
      expect(JSON.parse(command)).to.deep.equal(container.args)
      expect(container.command).to.equal(undefined)
    })

    it('is built in a stage of its own on a glibc base, and the last stage installs nothing', () => {
      expect(stages).to.have.lengthOf(2)
      for (const stage of stages) expect(stage[0]?.value).to.match(/^node:22-bookworm-slim( AS build)?$/)
      expect(valuesOf(final, 'RUN').join('\n')).not.to.match(/npm|apt-get|curl/)
    })

    it('needs no BuildKit and no install script of a package', () => {
      const runs = stages.flatMap((stage) => valuesOf(stage, 'RUN'))
      expect(runs.filter((run) => /--mount|<</.test(run))).to.deep.equal([])
      const installs = runs.filter((run) => /npm (ci|install|prune)/.test(run))
      expect(installs).not.to.have.lengthOf(0)
      for (const run of installs) expect(run).to.include('--ignore-scripts')
    })

    it('carries the version of the package as its tag in the base', () => {
      const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string }
      expect(container.image).to.match(new RegExp(`^gossip-kv/[a-z]+:${version.replaceAll('.', '\\.')}$`))
    })
  })
}

describe('.dockerignore', () => {
  const ignored = readFileSync(`${root}/.dockerignore`, 'utf8').split('\n')

  it('keeps secrets, history and what the build makes itself out of the images', () => {
    expect(ignored).to.include.members(['.git', 'node_modules', 'dist', '**/*.env'])
  })

  it('leaves in what the Dockerfiles copy by name', () => {
    for (const file of Object.values(dockerfiles)) {
      const copies = valuesOf(stagesOf(`${root}/${file}`)[0] ?? [], 'COPY').flatMap((copy) => copy.split(' '))
      const sources = copies.filter((source) => !source.startsWith('.'))
      expect(sources).to.deep.equal(['package.json', 'package-lock.json'])
      for (const source of sources) {
        expect(existsSync(`${root}/${source}`)).to.equal(true)
        expect(ignored).not.to.include(source)
      }
    }
  })
})

describe('k8s/README.md', () => {
  const guide = readFileSync(`${root}/k8s/README.md`, 'utf8')

  it('names no file or folder that is missing', () => {
    const paths = [
      ...guide.matchAll(/(?:-[kf] |`)((?:k8s|cli|signaling-server|test|base|overlays)\/[\w./-]*)/g),
    ]
    const named = paths.map(([, path]) => path ?? '')
    expect(named).to.include.members([
      'cli/Dockerfile',
      'signaling-server/Dockerfile',
      'k8s/overlays/minikube',
    ])
    const missing = named.filter(
      (path) => !existsSync(`${root}/${path}`) && !existsSync(`${root}/k8s/${path}`),
    )
    expect(missing).to.deep.equal([])
  })

  it('builds exactly the images that the minikube overlay runs', () => {
    const built = [...guide.matchAll(/^docker build -f \S+ -t (\S+) \.$/gm)].map(([, image]) => image)
    const rendered = asManifests(renderKustomization(`${root}/k8s/overlays/minikube`))
    const run = workloads(rendered).flatMap(({ pod }) => pod.containers.map(({ image }) => image))
    expect(built.sort()).to.deep.equal(run.sort())
  })

  it('names only pods, services and workloads that the overlay makes', () => {
    const rendered = asManifests(renderKustomization(`${root}/k8s/overlays/minikube`))
    const made = rendered.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata?.name}`)
    const pods = workloads(rendered).flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => `pod/${name}-${index}`),
    )
    const named = [...guide.matchAll(/\b(?:deployment|statefulset|service|pod)\/[a-z0-9-]+/g)].map(
      ([name]) => name,
    )
    expect(named).not.to.have.lengthOf(0)
    expect(named.filter((name) => ![...made, ...pods].includes(name))).to.deep.equal([])
  })

  it('makes the Secret that the members ask for, with the variable that they read, before they start', () => {
    const made = guide.indexOf(
      `create secret generic ${SECRET_BY_HAND} --from-file=GOSSIP_KV_SECRET=/dev/stdin`,
    )
    expect(made).to.be.above(guide.indexOf('docker run --rm gossip-kv/node:dev keygen |'))
    expect(guide.indexOf('kubectl apply -k')).to.be.above(made)
  })

  it("keeps the steps of the project's founding document", () => {
    for (const step of [
      'brew install --cask docker',
      'open -a Docker',
      'brew install minikube',
      'minikube start',
      'brew install kubectl',
      'eval $(minikube -p minikube docker-env)',
    ]) {
      expect(guide).to.include(step)
    }
  })
})
