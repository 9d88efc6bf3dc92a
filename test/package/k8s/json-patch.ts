/** JSON patches (RFC 6902) as far as kustomizations use them: add, replace and remove, by JSON pointer (RFC 6901). */
import { isJsonObject, type Json, type JsonObject } from './json.js'

/**
 * Changes `target` in place.
 * @throws when an operation is not one of the three, or when its path leads nowhere.
 */
export function applyJsonPatch(target: JsonObject, operations: readonly JsonObject[]): void {
  for (const operation of operations) applyOperation(target, operation)
}

function applyOperation(target: JsonObject, { op, path, value }: JsonObject): void {
  const steps = String(path).split('/').slice(1).map(unescapeStep)
  const last = steps.pop() ?? ''
  let parent: Json | undefined = target
  for (const step of steps) parent = Array.isArray(parent) ? parent[Number(step)] : childOf(parent, step)
  if (Array.isArray(parent)) changeList(parent, String(op), last, value)
  else if (isJsonObject(parent)) changeObject(parent, String(op), last, value)
  else throw new Error(`the patch path ${String(path)} leads nowhere`)
}

function childOf(parent: Json | undefined, step: string): Json | undefined {
  return isJsonObject(parent) ? parent[step] : undefined
}

function changeObject(parent: JsonObject, op: string, field: string, value: Json | undefined): void {
  if (op !== 'add' && !(field in parent)) throw new Error(`cannot ${op} ${field}: it is not there`)
  if (op === 'remove') delete parent[field]
  else if ((op === 'add' || op === 'replace') && value !== undefined) parent[field] = structuredClone(value)
  else throw new Error(`unknown patch operation ${op}`)
}

function changeList(parent: Json[], op: string, step: string, value: Json | undefined): void {
  const index = step === '-' ? parent.length : Number(step)
  const inside = index >= 0 && index < parent.length
  if (!inside && !(op === 'add' && index === parent.length)) throw new Error(`no item ${step} in the list`)
  if (op === 'remove') parent.splice(index, 1)
  else if (op === 'add' && value !== undefined) parent.splice(index, 0, structuredClone(value))
  else if (op === 'replace' && value !== undefined) parent[index] = structuredClone(value)
  else throw new Error(`unknown patch operation ${op}`)
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
