/** The own renderer of kustomizations against kubectl: its recorded output everywhere, itself where it is installed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { childObject, type JsonObject } from './k8s/json.js'
import { applyJsonPatch } from './k8s/json-patch.js'
import { hasKubectl, kubectlRender, parseRendered } from './k8s/kubectl.js'
import { renderKustomization } from './k8s/kustomize.js'

const fixture = fileURLToPath(new URL('./k8s/fixture', import.meta.url))
const k8s = fileURLToPath(new URL('../../k8s', import.meta.url))

function inOrder(resources: JsonObject[]): JsonObject[] {
  const key = (resource: JsonObject) =>
    `${String(resource['kind'])}/${String(childObject(resource, 'metadata')['name'])}`
  return [...resources].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

describe('the renderer of kustomizations', () => {
  it('renders every feature that it knows as kubectl has recorded it', () => {
    const recorded = parseRendered(readFileSync(join(fixture, 'recorded.yaml'), 'utf8'))
    const rendered = renderKustomization(join(fixture, 'overlay'))
    expect(inOrder(rendered)).to.deep.equal(inOrder(recorded))
  })

  it('refuses an output without any resource', () => {
    expect(() => parseRendered('')).to.throw('empty')
  })

  it('refuses a patch that leads nowhere', () => {
    const patch = (path: string) => () => applyJsonPatch({ a: {} }, [{ op: 'add', path, value: 1 }])
    expect(patch('/x/y/z')).to.throw('leads nowhere')
    expect(() => applyJsonPatch({ a: [] }, [{ op: 'remove', path: '/a/0' }])).to.throw('no item 0')
    expect(() => applyJsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 1 }])).to.throw('unknown patch')
  })
})

describe(hasKubectl() ? 'kubectl, which is installed here' : 'kubectl, which is not installed here', () => {
  const overlays = readdirSync(join(k8s, 'overlays')).map((name) => join(k8s, 'overlays', name))
  const folders = [join(k8s, 'base'), ...overlays]

  if (hasKubectl()) {
    for (const folder of [...folders, join(fixture, 'overlay')]) {
      it(`renders ${folder.slice(folder.lastIndexOf('/') + 1)} as the own renderer does`, () => {
        expect(inOrder(renderKustomization(folder))).to.deep.equal(inOrder(kubectlRender(folder)))
      })
    }
  } else {
    it('leaves the rendering of every folder to the own renderer, which refuses what it does not know', () => {
      for (const folder of folders) expect(renderKustomization(folder)).not.to.have.lengthOf(0)
    })
  }
})
