/**
 * The hook behind the key table. It looks at the store at once after the first change and then at most every
 * 50 ms, so that thousands of keys that arrive one by one do not cost thousands of renders.
 */
import { useMemo, useRef, useSyncExternalStore } from 'react'
import type { Store } from '../src/index.js'
import { useMembers, useStore } from '../src/react.js'
import { readTable, type Table, type TableQuery } from './rows.js'

const PAUSE_MILLIS = 50
const EMPTY: Table = { rows: [], matching: 0, total: 0 }

/** The table of the store above, for one query. */
export function useTable({ filter, rowsMax, added, pinned }: TableQuery): Table {
  const store = useStore()
  const members = useMembers()
  const before = useRef(EMPTY)
  const look = usePacedChanges(store)
  return useMemo(() => {
    // `look` stands for the content of the store, which the hook rules cannot see.
    void look
    before.current = readTable(store.usr, members, { filter, rowsMax, added, pinned }, before.current)
    return before.current
  }, [store, members, filter, rowsMax, added, pinned, look])
}

/** How many keys there are. */
export function useKeyCount(): number {
  const store = useStore()
  usePacedChanges(store)
  return store.usr.size
}

function usePacedChanges(store: Store): number {
  const changes = useMemo(() => new PacedChanges(store), [store])
  return useSyncExternalStore(changes.subscribe, changes.count)
}

/** Counts the changes of a store, those in quick succession as one. For one component. */
class PacedChanges {
  readonly #store: Store
  #changed: (() => void) | undefined
  #count = 0
  #pausing = false
  #missed = false

  constructor(store: Store) {
    this.#store = store
  }

  readonly count = (): number => this.#count

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#changed = changed
    // What changed between the first look and this call was told to nobody.
    this.#count++
    const off = this.#store.usr.subscribe(() => this.#note())
    return () => {
      off()
      this.#changed = undefined
    }
  }

  #note(): void {
    this.#missed = this.#pausing
    if (this.#pausing) return
    this.#count++
    this.#pausing = true
    setTimeout(() => this.#resume(), PAUSE_MILLIS)
    this.#changed?.()
  }

  #resume(): void {
    this.#pausing = false
    if (this.#missed) this.#note()
  }
}
