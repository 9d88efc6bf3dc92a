/** The member table as one frozen plain object, the same one until a record changes. */
import type { MemberRecord } from '../../base/member.js'

export type MembersObject = Readonly<Record<string, MemberRecord>>

/** Remembers what it showed last, so that nothing is written when nothing changed. */
export class MemberProjection {
  #shown: Map<string, { source: MemberRecord; copy: MemberRecord }> | undefined

  /** The object for `members`, in ascending order of ids; undefined when it equals the last one. */
  update(members: ReadonlyMap<string, MemberRecord>): MembersObject | undefined {
    const shown = new Map<string, { source: MemberRecord; copy: MemberRecord }>()
    let changed = members.size !== this.#shown?.size
    for (const id of [...members.keys()].sort()) {
      const source = members.get(id)
      if (source === undefined) continue
      const before = this.#shown?.get(id)
      if (before && (before.source === source || areEqual(before.source, source))) shown.set(id, before)
      else {
        changed = true
        shown.set(id, { source, copy: frozenCopy(source) })
      }
    }
    if (!changed) return undefined
    this.#shown = shown
    return Object.freeze(Object.fromEntries([...shown].map(([id, { copy }]) => [id, copy])))
  }
}

function frozenCopy(record: MemberRecord): MemberRecord {
  const copy = { ...record }
  if (copy.meta) copy.meta = Object.freeze({ ...copy.meta })
  return Object.freeze(copy)
}

/** Deep equality of two records, whatever the order of their fields. */
function areEqual(a: MemberRecord, b: MemberRecord): boolean {
  const { meta: metaA, ...restA } = a
  const { meta: metaB, ...restB } = b
  return areFieldsEqual(restA, restB) && areFieldsEqual(metaA ?? {}, metaB ?? {})
}

function areFieldsEqual(a: object, b: object): boolean {
  const fields = Object.entries(a)
  if (fields.length !== Object.keys(b).length) return false
  return fields.every(([name, value]) => Object.hasOwn(b, name) && Reflect.get(b, name) === value)
}
