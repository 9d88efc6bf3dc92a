/**
 * Kubernetes' schema, read from the generated models of @kubernetes/client-node: names and types from the model's
 * attribute map, required fields from the declaration beside it. The files are imported by path, for the package's main
 * entry pulls in a network client that wants a newer Node.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const folder = '@kubernetes/client-node/dist/gen/models'
const { resolve } = createRequire(import.meta.url)

/** One field of a model, as a manifest spells it. */
export interface Field {
  readonly name: string
  /** A scalar, another model's name, or one of both inside `Array<...>` or `{ [key: string]: ...; }`. */
  readonly type: string
  readonly format: string
  readonly required: boolean
}

interface ModelClass {
  getAttributeTypeMap(): { name: string; baseName: string; type: string; format: string }[]
}

const loaded = new Map<string, Promise<ReadonlyMap<string, Field>>>()

/**
 * The fields of a model by name, for instance of `V1PodSpec`.
 * @throws when client-node has no such model.
 */
export function fieldsOf(model: string): Promise<ReadonlyMap<string, Field>> {
  const known = loaded.get(model) ?? loadFields(model)
  loaded.set(model, known)
  return known
}

async function loadFields(model: string): Promise<ReadonlyMap<string, Field>> {
  const module = (await import(`${folder}/${model}.js`)) as Record<string, ModelClass>
  const attributes = module[model]?.getAttributeTypeMap()
  if (!attributes) throw new Error(`client-node has no model ${model}`)
  const declaration = readFileSync(resolve(`${folder}/${model}.d.ts`), 'utf8')
  const required = new Set([...declaration.matchAll(/^ {4}'(\w+)':/gm)].map(([, name]) => name))
  const fields = attributes.map(({ name, baseName, type, format }) => {
    return [baseName, { name: baseName, type, format, required: required.has(name) }] as const
  })
  return new Map(fields)
}
