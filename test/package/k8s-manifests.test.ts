/** What `kubectl apply -k` would send to a cluster, held against Kubernetes' schema and against the project's own rules. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { JsonObject } from './k8s/json.js'
import { renderKustomization } from './k8s/kustomize.js'
import { asManifests, containersOf, ofKind, workloads } from './k8s/manifest.js'
import { rules } from './k8s/rules/all.js'
import { schemaFindings } from './k8s/schema-check.js'

const k8s = fileURLToPath(new URL('../../k8s', import.meta.url))
const overlays = readdirSync(`${k8s}/overlays`).map((name) => `overlays/${name}`)

for (const folder of ['base', ...overlays]) {
  describe(`the manifests of k8s/${folder}`, () => {
    let resources: JsonObject[]
    before(() => {
      resources = renderKustomization(`${k8s}/${folder}`)
    })

    it('hold signaling, three members and what both need', () => {
      const replicas = workloads(asManifests(resources)).map(({ name, replicas }) => [name, replicas])
      expect(Object.fromEntries(replicas)).to.deep.equal({ signaling: 1, member: 3 })
      expect(ofKind(asManifests(resources), 'Service')).to.have.lengthOf(3)
    })

    it('meet the schema: no unknown field, no wrong type, nothing missing', async () => {
      const findings = await Promise.all(resources.map(schemaFindings))
      expect(findings.flat()).to.deep.equal([])
    })

    for (const [sentence, rule] of Object.entries(rules)) {
      it(sentence, () => expect(rule(asManifests(resources))).to.deep.equal([]))
    }
  })
}

describe('the minikube overlay', () => {
  it('never pulls an image, for they are built inside minikube under the tag dev', () => {
    const containers = workloads(asManifests(renderKustomization(`${k8s}/overlays/minikube`))).flatMap(
      ({ pod }) => containersOf(pod),
    )
    expect(containers).not.to.have.lengthOf(0)
    for (const { image, imagePullPolicy } of containers) {
      expect(imagePullPolicy).to.equal('Never')
      expect(image).to.match(/:dev$/)
    }
  })
})
