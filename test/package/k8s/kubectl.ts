/** What `kubectl kustomize` prints, where kubectl is installed; it needs no cluster for that. */
import { spawnSync } from 'node:child_process'
import { parseAllDocuments } from 'yaml'
import type { JsonObject } from './json.js'

/** True when this machine has a kubectl that can render. */
export function hasKubectl(): boolean {
  return spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0
}

/**
 * The resources that kubectl renders from the kustomization in `folder`.
 * @throws when kubectl fails, and when it prints nothing, which it does with exit code 0 for an empty kustomization.
 */
export function kubectlRender(folder: string): JsonObject[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`kubectl kustomize ${folder} failed: ${stderr}`)
  return parseRendered(stdout)
}

/**
 * The resources in a rendered stream of YAML documents.
 * @throws when there are none.
 */
export function parseRendered(text: string): JsonObject[] {
  const resources = parseAllDocuments(text).map((document) => document.toJS() as JsonObject)
  if (resources.length === 0) throw new Error('the rendered output is empty')
  return resources
}
