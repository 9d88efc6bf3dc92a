/** The rows of the key table: the first keys that match a filter, each with who wrote it and when. */
import type { Entry, KV, Member, Value } from '../src/index.js'

/** The member that wrote a value last. */
export interface Writer {
  id: string
  name: string
  self: boolean
}

/** One key as the table shows it. The same object until something in it changes. */
export interface Row {
  key: string
  /** Undefined for a key that was deleted while it is edited here. */
  value: Value | undefined
  at: number
  /** Undefined when the member that wrote it is gone. */
  writer: Writer | undefined
  /** Names the write: changes with every one, also when the value stays. */
  write: string
}

/** What the table shows of all keys. */
export interface Table {
  rows: readonly Row[]
  /** Keys that match the filter; `rows` holds the first of them. */
  matching: number
  total: number
}

/** Which rows to show. */
export interface TableQuery {
  /** A part of the keys to show. */
  filter: string
  rowsMax: number
  /** A key that shows in any case while it exists. */
  added: string | undefined
  /** Keys that show in any case, also after they are deleted. */
  pinned: ReadonlySet<string>
}

/** Reads the table anew; rows of `before` that are still right are used again. */
export function readTable(usr: KV, members: readonly Member[], query: TableQuery, before: Table): Table {
  const keys = usr.keys()
  const wanted = query.filter.toLowerCase()
  const matching = wanted === '' ? keys : keys.filter((key) => key.toLowerCase().includes(wanted))
  const known = new Map(before.rows.map((row) => [row.key, row]))
  const pinned = new Set(query.pinned)
  if (query.added !== undefined && usr.has(query.added)) pinned.add(query.added)
  const rows = withPinned(matching.slice(0, query.rowsMax), pinned).map((key) =>
    keepEqual(known.get(key), rowOf(key, usr.entry(key), members)),
  )
  return { rows, matching: matching.length, total: keys.length }
}

function withPinned(keys: string[], pinned: ReadonlySet<string>): string[] {
  const missing = [...pinned].filter((key) => !keys.includes(key))
  return missing.length === 0 ? keys : [...keys, ...missing].sort()
}

function rowOf(key: string, entry: Entry | undefined, members: readonly Member[]): Row {
  if (entry === undefined) return { key, value: undefined, at: 0, writer: undefined, write: '' }
  const write = `${entry.dot.session}:${entry.dot.n}`
  return { key, value: entry.value, at: entry.at, writer: writerOf(entry.by, members), write }
}

function writerOf(id: string | undefined, members: readonly Member[]): Writer | undefined {
  if (id === undefined) return undefined
  const member = members.find((candidate) => candidate.id === id)
  return { id, name: member?.name ?? id.slice(0, 6), self: member?.self ?? false }
}

function keepEqual(old: Row | undefined, now: Row): Row {
  const same =
    old !== undefined &&
    old.write === now.write &&
    old.writer?.id === now.writer?.id &&
    old.writer?.name === now.writer?.name
  return same ? old : now
}
