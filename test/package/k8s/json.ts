/** Plain JSON values, which is all that a manifest is before anything has checked it. */

export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [field: string]: Json
}

/** True for an object with fields; false for lists, null and scalars. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The object at `field` of `parent`, made when it is missing.
 * @throws when something else stands there.
 */
export function childObject(parent: JsonObject, field: string): JsonObject {
  const child = parent[field] ?? {}
  if (!isJsonObject(child)) throw new Error(`${field} is not an object`)
  parent[field] = child
  return child
}

/** The objects of the list at `field` of `parent`; none when there is no such list. */
export function childObjects(parent: JsonObject | undefined, field: string): JsonObject[] {
  const list = parent?.[field]
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}
