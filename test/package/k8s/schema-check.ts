/**
 * A strict validator of manifests: unknown fields, wrong types, missing required fields, and strings that the API
 * server would refuse. It is stricter than `kubectl kustomize`, which lets any field pass.
 */
import { formatProblem } from './formats.js'
import { isJsonObject, type Json, type JsonObject } from './json.js'
import { type Kind, kinds } from './manifest.js'
import { fieldsOf } from './models.js'

interface Place {
  /** Where in the manifest, for the reader. */
  readonly path: string
  /** The model and its field, for instance `V1Container.image`. */
  readonly field: string
}

/** Every fault of the resource by the schema, as sentences that name the place; none when it is sound. */
export async function schemaFindings(resource: JsonObject): Promise<string[]> {
  const kind = String(resource['kind'])
  if (!(kind in kinds)) return [`${kind} is not a kind that these manifests use`]
  const { apiVersion, model } = kinds[kind as Kind]
  const findings = await checkModel(resource, model, kind)
  if (resource['apiVersion'] !== apiVersion) findings.push(`${kind}.apiVersion is not ${apiVersion}`)
  const { metadata } = resource
  if (!isJsonObject(metadata) || !metadata['name']) findings.push(`${kind}.metadata.name is missing`)
  return findings
}

async function checkModel(value: Json, model: string, path: string): Promise<string[]> {
  if (!isJsonObject(value)) return [`${path} is not an object`]
  const fields = await fieldsOf(model)
  const findings: string[] = []
  for (const [name, child] of Object.entries(value)) {
    const field = fields.get(name)
    const place = { path: `${path}.${name}`, field: `${model}.${name}` }
    if (!field) findings.push(`${place.path} is an unknown field`)
    else findings.push(...(await checkType(child, field.type, field.format, place)))
  }
  for (const { name, required } of fields.values()) {
    if (required && value[name] === undefined) findings.push(`${path}.${name} is required`)
  }
  return findings
}

async function checkType(value: Json, type: string, format: string, place: Place): Promise<string[]> {
  if (value === null) return [`${place.path} is empty`]
  const item = /^(?:Array|Set)<(.+)>$/.exec(type)?.[1]
  if (item) return checkList(value, item, format, place)
  const entry = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (entry) return checkMap(value, entry, format, place)
  if (type === 'any') return []
  if (/^[A-Z]\w*V\d|^V\d/.test(type)) return checkModel(value, type, place.path)
  return checkScalar(value, type, format, place)
}

async function checkList(value: Json, item: string, format: string, place: Place): Promise<string[]> {
  if (!Array.isArray(value)) return [`${place.path} is not a list`]
  const all = value.map((child, index) =>
    checkType(child, item, format, { ...place, path: `${place.path}[${index}]` }),
  )
  return (await Promise.all(all)).flat()
}

async function checkMap(value: Json, entry: string, format: string, place: Place): Promise<string[]> {
  if (!isJsonObject(value)) return [`${place.path} is not a map`]
  const all = Object.entries(value).map(([key, child]) =>
    checkType(child, entry, format, { ...place, path: `${place.path}.${key}` }),
  )
  return (await Promise.all(all)).flat()
}

function checkScalar(value: Json, type: string, format: string, place: Place): string[] {
  const accepted = type === 'IntOrString' ? ['number', 'string'] : [type === 'Date' ? 'string' : type]
  if (!accepted.includes(typeof value))
    return [`${place.path} is a ${typeof value}, not ${accepted.join(' or ')}`]
  if (typeof value === 'number' && format !== 'double' && !Number.isInteger(value)) {
    return [`${place.path} is not an integer`]
  }
  if (typeof value === 'boolean') return []
  const problem = formatProblem(place.field, value as string | number)
  return problem ? [`${place.path}: ${problem}`] : []
}
