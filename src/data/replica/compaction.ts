/**
 * The one file that touches the structs of Yjs. It reads which item stands for a key, and it compacts: the chains
 * of overwritten items and the deleted tails become GC runs, in the same document and the same maps, without an
 * event. `compactionObstacle` probes once at load that Yjs still is as it is expected to be.
 *
 * What is relied on: `doc.store.clients` is a Map of arrays of structs in order of their clocks; `map._map` holds
 * the last item (tail) of each key; an item has `left`, `right`, `origin`, `rightOrigin`, `keep`, `deleted`; a
 * root type has `_item === null`; `doc._transaction` and `doc._transactionCleanups` tell that one is under way.
 */
import * as Y from 'yjs'

/** A shared type as a transaction names it. */
export type SharedType = Y.Transaction['changed'] extends Map<infer Type, infer _Keys> ? Type : never

/** An idle moment is used from this many structs of history, and from an eighth of the live keys: 9 to 17 a write. */
export const IDLE_HISTORY = 64
export const IDLE_SHARE = 1 / 8
/** Nobody waits for an idle moment when there are as many as the live keys, and this many more: 3 a write. */
export const URGENT_HISTORY = 1024
/** Up to this many structs it takes about a millisecond, and no idle moment is waited for: fewer survive so. */
export const UNNOTICED_STRUCTS = 16_384
/** Above that, it runs at once from this multiple of it. */
export const URGENT_FACTOR = 4

/** What stands for a key: the item that was written last, alive or deleted. */
export function tailOf(map: Y.Map<unknown>, key: string): Y.Item | undefined {
  return map._map.get(key)
}

/** Whether a transaction is open, or its observers are being called. */
export function isBusy(doc: Y.Doc): boolean {
  return doc._transaction !== null || doc._transactionCleanups.length > 0
}

/** The types and keys that the open transaction has changed so far. */
export function changedInOpenTransaction(doc: Y.Doc): Y.Transaction['changed'] | undefined {
  return doc._transaction?.changed
}

/** The plain value of an item; undefined for shared types, subdocuments and whatever is no value. */
export function plainContent(item: Y.Item): { value: unknown } | undefined {
  const { content } = item
  if (!(content instanceof Y.ContentAny) && !(content instanceof Y.ContentBinary)) return undefined
  return { value: content.getContent().at(-1) }
}

/** Puts the replica's own clone in the place of a value that an application wrote, without an event. */
export function replaceContent(item: Y.Item, value: unknown): void {
  const { content } = item
  if (content instanceof Y.ContentAny) content.arr = [value]
  else if (content instanceof Y.ContentBinary && value instanceof Uint8Array) content.content = value
}

/** Whether a type is a root of the document, not one inside of another type. */
export function isRoot(type: SharedType): boolean {
  return type._item === null
}

/** Deletes everything in a root type of any kind. */
export function clearRoot(transaction: Y.Transaction, type: SharedType): void {
  for (const item of type._map.values()) item.delete(transaction)
  for (let item = type._start; item !== null; item = item.right) item.delete(transaction)
}

/** Whether nothing is alive in a root type of any kind. */
export function isEmptyRoot(type: SharedType): boolean {
  for (const item of type._map.values()) if (!item.deleted) return false
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) return false
  return true
}

/** Structs that the document holds. */
export function structCount(doc: Y.Doc): number {
  let count = 0
  for (const structs of doc.store.clients.values()) count += structs.length
  return count
}

/**
 * Whether the structs that are beyond `base`, what a compaction would leave, are too many: for an `idle` moment, or
 * already `urgent`. Both bounds grow with what is alive, so a write pays for a constant number of visited structs.
 */
export function compactionNeed(structs: number, live: number, base = live): 'none' | 'idle' | 'urgent' {
  const history = structs - base
  if (history <= Math.max(IDLE_HISTORY, IDLE_SHARE * live)) return 'none'
  const urgent = live + URGENT_HISTORY
  if (history <= urgent) return 'idle'
  return structs <= UNNOTICED_STRUCTS || history > URGENT_FACTOR * urgent ? 'urgent' : 'idle'
}

/**
 * Drops the history of `maps`. False, and nothing is changed, while a transaction is under way or when something
 * alive is not the tail of one of the maps. Items that an UndoManager keeps stay, with the chain of their key.
 */
export function compact(doc: Y.Doc, maps: readonly Y.Map<unknown>[]): boolean {
  if (isBusy(doc)) return false
  const kept = collectKept(maps)
  if (!isCompactable(doc, kept)) return false
  for (const map of maps) dropChains(map, kept)
  for (const structs of doc.store.clients.values()) {
    const merged = mergeDead(structs, kept)
    // In place: Yjs holds on to the array.
    structs.length = 0
    for (const struct of merged) structs.push(struct)
  }
  return true
}

/** The live tails, and the whole chain of each key in which an item is kept. */
function collectKept(maps: readonly Y.Map<unknown>[]): Set<Y.Item> {
  const kept = new Set<Y.Item>()
  for (const map of maps) {
    for (const tail of map._map.values()) {
      if (!tail.deleted) kept.add(tail)
      if (isChainKept(tail)) for (const item of chainOf(tail)) kept.add(item)
    }
  }
  return kept
}

function* chainOf(tail: Y.Item): Generator<Y.Item> {
  for (let item: Y.Item | null = tail; item !== null; item = item.left) yield item
}

function isChainKept(tail: Y.Item): boolean {
  for (let item: Y.Item | null = tail; item !== null; item = item.left) if (item.keep) return true
  return false
}

function isCompactable(doc: Y.Doc, kept: ReadonlySet<Y.Item>): boolean {
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs)
      if (struct instanceof Y.Item && !struct.deleted && !kept.has(struct)) return false
  }
  return true
}

function dropChains(map: Y.Map<unknown>, kept: ReadonlySet<Y.Item>): void {
  for (const [key, tail] of map._map) {
    if (!kept.has(tail)) map._map.delete(key)
    else if (!isChainKept(tail)) {
      tail.left = null
      tail.origin = null
      tail.rightOrigin = null
    }
  }
}

function mergeDead(structs: readonly (Y.Item | Y.GC)[], kept: ReadonlySet<Y.Item>): (Y.Item | Y.GC)[] {
  const merged: (Y.Item | Y.GC)[] = []
  let run: Y.GC | undefined
  for (const struct of structs) {
    if (struct instanceof Y.Item) {
      if (kept.has(struct)) {
        run = undefined
        merged.push(struct)
        continue
      }
      unlink(struct)
    }
    if (run) run.length += struct.length
    else {
      run = new Y.GC(struct.id, struct.length)
      merged.push(run)
    }
  }
  return merged
}

/**
 * A dropped item that the collector has moved to its old space would otherwise keep its successor alive, and that
 * one the next: each survives until the next full collection.
 */
function unlink(item: Y.Item): void {
  item.left = null
  item.right = null
}

let obstacle: string | undefined | null = null

/** Why this copy of Yjs cannot be compacted; undefined when it can. Probed once. */
export function compactionObstacle(): string | undefined {
  if (obstacle === null) obstacle = probe()
  return obstacle
}

function probe(): string | undefined {
  try {
    return probeStructs()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Compacts a small document and looks whether Yjs still reads, writes and replicates it. */
function probeStructs(): string | undefined {
  const doc = new Y.Doc()
  const map = doc.getMap<unknown>('usr')
  for (let i = 0; i < 4; i++) for (const key of ['a', 'b', 'c']) map.set(key, i)
  map.delete('b')
  const structs = doc.store.clients.get(doc.clientID)
  const tail = tailOf(map, 'a')
  if (!Array.isArray(structs) || !(tail instanceof Y.Item)) return 'the struct store has another form'
  for (const field of ['left', 'origin', 'rightOrigin', 'keep', 'deleted', 'length'])
    if (!(field in tail)) return `an item has no ${field}`
  if (tail.left?.deleted !== true) return 'an overwritten item is not the left of its successor'
  if (!compact(doc, [map]) || structs.length !== 4) return 'structs do not merge'
  map.set('a', 5)
  map.set('b', 6)
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  const text = JSON.stringify(copy.getMap('usr').toJSON(), ['a', 'b', 'c'])
  return text === '{"a":5,"b":6,"c":3}' ? undefined : 'a compacted document does not replicate'
}
