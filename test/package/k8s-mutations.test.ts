/** Proof that the checks of the manifests can fail: each test spoils one thing and expects the finding that names it. */
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parse } from 'yaml'
import { childObject, type JsonObject } from './k8s/json.js'
import { applyJsonPatch } from './k8s/json-patch.js'
import { renderKustomization } from './k8s/kustomize.js'
import { asManifests } from './k8s/manifest.js'
import type { Mutation } from './k8s/mutation.js'
import { ruleMutations } from './k8s/rule-mutations.js'
import { rules } from './k8s/rules/all.js'
import { schemaFindings } from './k8s/schema-check.js'
import { schemaMutations } from './k8s/schema-mutations.js'

const overlay = fileURLToPath(new URL('../../k8s/overlays/minikube', import.meta.url))
function spoil({ resource, op, path, value }: Mutation): JsonObject[] {
  const resources = renderKustomization(overlay)
  const target = resources.find(
    (candidate) => `${candidate['kind']} ${childObject(candidate, 'metadata')['name']}` === resource,
  )
  if (!target) throw new Error(`there is no ${resource} to spoil`)
  applyJsonPatch(target, [{ op, path, ...(value === undefined ? {} : { value }) }])
  return resources
}

describe('the schema check of manifests', () => {
  for (const mutation of schemaMutations) {
    it(`catches ${mutation.title}`, async () => {
      const findings = await Promise.all(spoil(mutation).map(schemaFindings))
      expect(findings.flat().filter((finding) => mutation.finding.test(finding))).to.have.lengthOf(1)
    })
  }

  it('has no say in a field that is set twice, for the parser refuses it before', () => {
    expect(() => parse('spec:\n  replicas: 1\n  replicas: 2\n')).to.throw('unique')
  })
})

describe('the rules of manifests', () => {
  for (const mutation of ruleMutations) {
    it(`catch ${mutation.title}`, () => {
      const manifests = asManifests(spoil(mutation))
      const findings = Object.values(rules).flatMap((rule) => rule(manifests))
      expect(findings.filter((finding) => mutation.finding.test(finding))).to.have.lengthOf(1)
    })
  }
})
