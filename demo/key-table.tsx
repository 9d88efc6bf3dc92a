/** All keys with their values, editable in place. */
import { type RefObject, useCallback, useRef, useState } from 'react'
import { useStore } from '../src/react.js'
import { KeyRow } from './key-row.js'
import { countText } from './plain-text.js'
import type { Row, Table } from './rows.js'
import { useTable } from './use-table.js'

const ROWS_STEP = 200

interface KeyTableProps {
  /** The key that was added here last: it shows also when the filter or the length of the table hides it. */
  added: string | undefined
  /** Called when somebody looks for something else. */
  onFilter: () => void
}

export function KeyTable({ added, onFilter }: KeyTableProps) {
  const [filter, setFilter] = useState('')
  const [rowsMax, setRowsMax] = useState(ROWS_STEP)
  const { edited, edit } = useEdited()
  const table = useTable({ filter, rowsMax, added, pinned: edited })
  const title = useRef<HTMLHeadingElement>(null)

  const look = (text: string) => {
    setFilter(text)
    onFilter()
  }
  return (
    <>
      <div className="panel-head">
        <h2 id="keys-title" ref={title} tabIndex={-1}>
          Keys
        </h2>
        <FilterField filter={filter} onFilter={look} />
      </div>
      {table.rows.length === 0 ? (
        <Empty filter={filter} total={table.total} />
      ) : (
        <Keys rows={table.rows} edited={edited} onEdit={edit} title={title} />
      )}
      <Rest table={table} onMore={() => setRowsMax(rowsMax + ROWS_STEP)} />
    </>
  )
}

/** Which keys are edited. Several may be at once: a draft with a mistake in it waits while another key is edited. */
function useEdited() {
  const [edited, setEdited] = useState<ReadonlySet<string>>(new Set())
  const edit = useCallback((key: string, begins: boolean) => {
    setEdited((keys) => new Set(begins ? [...keys, key] : [...keys].filter((other) => other !== key)))
  }, [])
  return { edited, edit }
}

function FilterField({ filter, onFilter }: { filter: string; onFilter: (filter: string) => void }) {
  return (
    <input
      className="filter"
      type="search"
      aria-label="Show keys that contain"
      placeholder="Filter keys"
      value={filter}
      onInput={(event) => onFilter(event.currentTarget.value)}
      spellCheck={false}
      data-testid="filter"
    />
  )
}

interface KeysProps {
  rows: readonly Row[]
  edited: ReadonlySet<string>
  onEdit: (key: string, begins: boolean) => void
  /** Takes the focus of a button that is gone with its row. */
  title: RefObject<HTMLElement | null>
}

function Keys({ rows, edited, onEdit, title }: KeysProps) {
  const { usr } = useStore()
  const remove = useCallback(
    (key: string) => {
      usr.delete(key)
      title.current?.focus()
    },
    [usr, title],
  )
  return (
    <table className="key-table">
      <Head />
      <tbody>
        {rows.map((row) => (
          <KeyRow key={row.key} row={row} edited={edited.has(row.key)} onEdit={onEdit} onDelete={remove} />
        ))}
      </tbody>
    </table>
  )
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col">Key</th>
        <th scope="col">Value</th>
        <th scope="col">Last write</th>
        <th scope="col">
          <span className="visually-hidden">Delete</span>
        </th>
      </tr>
    </thead>
  )
}

function Empty({ filter, total }: { filter: string; total: number }) {
  return (
    <p className="empty" data-testid="empty">
      {total === 0 ? (
        <>No keys yet. Add the first one above: every member will have it a moment later.</>
      ) : (
        <>
          None of the {countText(total, 'key')} contains “{filter}”.
        </>
      )}
    </p>
  )
}

function Rest({ table, onMore }: { table: Table; onMore: () => void }) {
  const hidden = table.matching - table.rows.length
  if (hidden <= 0) return null
  return (
    <p className="rest" data-testid="rest">
      Showing {table.rows.length} of {countText(table.matching, 'key')}.{' '}
      <button className="button quiet" type="button" onClick={onMore}>
        Show {Math.min(hidden, ROWS_STEP)} more
      </button>
    </p>
  )
}
