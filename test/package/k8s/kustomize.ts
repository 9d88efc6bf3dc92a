/**
 * Renders a kustomization as `kubectl kustomize` does, on a machine without kubectl. It knows the part of kustomize
 * that this project uses and throws on any other field, so that nothing is left out in silence. A recorded output
 * of kubectl pins it; where kubectl is installed, the tests compare both on the real overlays.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { childObject, childObjects, isJsonObject, type Json, type JsonObject } from './json.js'
import { applyJsonPatch } from './json-patch.js'

const KNOWN_FIELDS = new Set(
  'apiVersion kind namespace labels resources configMapGenerator images patches'.split(' '),
)
const CLUSTER_SCOPED = new Set(['Namespace'])
const WORKLOADS = new Set(['Deployment', 'StatefulSet'])
const CONFIG_MAP_REFERENCES = new Set(['configMap', 'configMapRef', 'configMapKeyRef'])

interface Accumulated {
  readonly resources: JsonObject[]
  readonly generated: Set<JsonObject>
}

/**
 * Every resource that the kustomization in `folder` yields, in no promised order.
 * @throws on a field of kustomize that this renderer does not know.
 */
export function renderKustomization(folder: string): JsonObject[] {
  const { resources, generated } = accumulate(folder)
  const finalNames = new Map<string, string>()
  for (const configMap of generated) {
    const metadata = childObject(configMap, 'metadata')
    const name = String(metadata['name'])
    finalNames.set(name, `${name}-${contentHash(configMap)}`)
    metadata['name'] = finalNames.get(name) ?? name
  }
  for (const resource of resources) renameReferences(resource, finalNames)
  return resources
}

function accumulate(folder: string): Accumulated {
  const kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as JsonObject
  rejectUnknown(kustomization, KNOWN_FIELDS, folder)
  const accumulated = readResources(folder, kustomization)
  for (const options of childObjects(kustomization, 'configMapGenerator')) {
    const configMap = generateConfigMap(options)
    accumulated.resources.push(configMap)
    accumulated.generated.add(configMap)
  }
  const { resources } = accumulated
  for (const patch of childObjects(kustomization, 'patches')) applyPatch(resources, patch)
  const namespace = kustomization['namespace']
  if (typeof namespace === 'string') for (const resource of resources) setNamespace(resource, namespace)
  for (const labels of childObjects(kustomization, 'labels'))
    for (const resource of resources) addLabels(resource, labels)
  for (const image of childObjects(kustomization, 'images'))
    for (const resource of resources) setImage(resource, image)
  return accumulated
}

function readResources(folder: string, kustomization: JsonObject): Accumulated {
  const all: Accumulated = { resources: [], generated: new Set() }
  const listed = kustomization['resources']
  for (const entry of Array.isArray(listed) ? listed : []) {
    const path = join(folder, String(entry))
    if (!existsSync(join(path, 'kustomization.yaml'))) {
      all.resources.push(...readManifests(path))
      continue
    }
    const below = accumulate(path)
    all.resources.push(...below.resources)
    for (const configMap of below.generated) all.generated.add(configMap)
  }
  return all
}

function readManifests(path: string): JsonObject[] {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    const [error] = document.errors
    if (error) throw error
    const manifest = document.toJS() as Json
    if (!isJsonObject(manifest)) throw new Error(`${path} holds a document that is no manifest`)
    return manifest
  })
}

function generateConfigMap(options: JsonObject): JsonObject {
  rejectUnknown(options, new Set(['name', 'literals']), 'configMapGenerator')
  const literals = Array.isArray(options['literals']) ? options['literals'].map(String) : []
  const data: JsonObject = {}
  for (const literal of literals) {
    const [, key, value] = /^([^=]+)=([^'"]*)$/.exec(literal) ?? []
    if (key === undefined || value === undefined) throw new Error(`cannot read the literal ${literal}`)
    data[key] = value
  }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: options['name'] ?? null }, data }
}

/**
 * Kustomize's suffix: SHA-256 over the data as Go encodes it (sorted keys, &, < and > escaped) beside an always empty
 * name; the first ten digits, with the vowels and the look-alikes replaced.
 */
function contentHash(configMap: JsonObject): string {
  const data = childObject(configMap, 'data')
  const sorted = Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)))
  const text = JSON.stringify({ data: sorted, kind: 'ConfigMap', name: '' })
  const encoded = text.replace(/[&<>]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)
  const substitutes: Record<string, string> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' }
  const digest = createHash('sha256').update(encoded).digest('hex').slice(0, 10)
  return [...digest].map((digit) => substitutes[digit] ?? digit).join('')
}

function renameReferences(value: Json, names: ReadonlyMap<string, string>): void {
  if (Array.isArray(value)) for (const item of value) renameReferences(item, names)
  if (!isJsonObject(value)) return
  for (const [field, child] of Object.entries(value)) {
    if (CONFIG_MAP_REFERENCES.has(field) && isJsonObject(child)) {
      child['name'] = names.get(String(child['name'])) ?? child['name'] ?? null
    }
    renameReferences(child, names)
  }
}

function applyPatch(resources: JsonObject[], options: JsonObject): void {
  rejectUnknown(options, new Set(['target', 'patch']), 'patches')
  const target = childObject(options, 'target')
  rejectUnknown(target, new Set(['kind', 'name']), 'patches.target')
  const operations = parse(String(options['patch'])) as Json
  if (!Array.isArray(operations)) throw new Error('only JSON patches are known here, not strategic merges')
  for (const resource of resources) {
    const name = childObject(resource, 'metadata')['name']
    if (matches(target['kind'], resource['kind']) && matches(target['name'], name)) {
      applyJsonPatch(resource, operations.filter(isJsonObject))
    }
  }
}

function matches(pattern: Json | undefined, value: Json | undefined): boolean {
  return pattern === undefined || new RegExp(`^(?:${String(pattern)})$`).test(String(value))
}

function setNamespace(resource: JsonObject, namespace: string): void {
  const metadata = childObject(resource, 'metadata')
  if (resource['kind'] === 'Namespace') metadata['name'] = namespace
  else if (!CLUSTER_SCOPED.has(String(resource['kind']))) metadata['namespace'] = namespace
}

function addLabels(resource: JsonObject, options: JsonObject): void {
  rejectUnknown(options, new Set(['pairs', 'includeTemplates']), 'labels')
  const pairs = childObject(options, 'pairs')
  const label = (owner: JsonObject) =>
    Object.assign(childObject(childObject(owner, 'metadata'), 'labels'), pairs)
  label(resource)
  if (options['includeTemplates'] !== true || !WORKLOADS.has(String(resource['kind']))) return
  const spec = childObject(resource, 'spec')
  label(childObject(spec, 'template'))
  for (const claim of childObjects(spec, 'volumeClaimTemplates')) label(claim)
}

function setImage(resource: JsonObject, options: JsonObject): void {
  rejectUnknown(options, new Set(['name', 'newName', 'newTag']), 'images')
  if (!WORKLOADS.has(String(resource['kind']))) return
  const pod = childObject(childObject(childObject(resource, 'spec'), 'template'), 'spec')
  for (const container of [...childObjects(pod, 'initContainers'), ...childObjects(pod, 'containers')]) {
    const [, name, tag] = /^(.*?)(:[^:/]+)?$/.exec(String(container['image'])) ?? []
    if (name !== options['name']) continue
    const newTag = options['newTag'] === undefined ? (tag ?? '') : `:${String(options['newTag'])}`
    container['image'] = `${String(options['newName'] ?? name)}${newTag}`
  }
}

function rejectUnknown(value: JsonObject, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(value).filter((field) => !known.has(field))
  if (unknown.length > 0) throw new Error(`${where}: this renderer does not know ${unknown.join(', ')}`)
}
