/** One key: its value (click or Enter edits it), who wrote it last and when, and a button that deletes it. */
import { memo, type RefObject, useLayoutEffect, useRef } from 'react'
import type { Value } from '../src/index.js'
import { Ago } from './ago.js'
import { DeleteIcon } from './icons.js'
import { hueStyle } from './member-color.js'
import type { Row, Writer } from './rows.js'
import { ValueEditor } from './value-editor.js'
import { formOf, shownText } from './value-text.js'

/** A value that another member wrote so recently is pointed out also when its row is new. */
const RECENT_MILLIS = 2000

interface KeyRowProps {
  row: Row
  edited: boolean
  onEdit: (key: string, begins: boolean) => void
  onDelete: (key: string) => void
}

/** Renders again only when its row changes: most rows of a large table stay as they are. */
export const KeyRow = memo(function KeyRow({ row, edited, onEdit, onDelete }: KeyRowProps) {
  const byKeyboard = useRef(false)
  const endEdit = (keyboard: boolean) => {
    byKeyboard.current = keyboard
    onEdit(row.key, false)
  }
  return (
    <tr data-testid="key-row" data-key={row.key} data-edited={edited}>
      <th scope="row" className="key-cell">
        <code>{row.key}</code>
      </th>
      <td className="value-cell">
        {edited ? (
          <ValueEditor row={row} onDone={endEdit} />
        ) : (
          <ShownValue row={row} takesFocus={byKeyboard} onEdit={() => onEdit(row.key, true)} />
        )}
      </td>
      <td className="write-cell">
        {row.value !== undefined && <LastWrite writer={row.writer} at={row.at} />}
      </td>
      <td className="delete-cell">
        {row.value !== undefined && <DeleteButton keyName={row.key} onDelete={onDelete} />}
      </td>
    </tr>
  )
})

function DeleteButton({ keyName, onDelete }: { keyName: string; onDelete: (key: string) => void }) {
  return (
    <button
      className="button icon-button"
      type="button"
      aria-label={`Delete ${keyName}`}
      title="Delete"
      onClick={() => onDelete(keyName)}
      data-testid="delete"
    >
      <DeleteIcon />
    </button>
  )
}

interface ShownValueProps {
  row: Row
  /** True when an editor was left by the keyboard: the focus then comes back to what it replaced. */
  takesFocus: RefObject<boolean>
  onEdit: () => void
}

function ShownValue({ row, takesFocus, onEdit }: ShownValueProps) {
  const first = useRef(row.write)
  const button = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => {
    if (takesFocus.current) button.current?.focus()
    takesFocus.current = false
  }, [takesFocus])
  if (row.value === undefined) return null
  const shown = <ValueText row={row} value={row.value} isNews={row.write !== first.current} />
  if (formOf(row.value) === undefined) return <span title="Bytes cannot be edited here">{shown}</span>
  return (
    <button
      ref={button}
      className="value-button"
      type="button"
      title="Edit"
      onClick={onEdit}
      data-testid="edit"
    >
      {shown}
      <span className="visually-hidden">, edit</span>
    </button>
  )
}

function ValueText({ row, value, isNews }: { row: Row; value: Value; isNews: boolean }) {
  const form = formOf(value)
  const text = shownText(value)
  const remote = !row.writer?.self
  const news = isNews || Date.now() - row.at < RECENT_MILLIS
  // The key makes each write a new element, which starts the animation again.
  return (
    <span
      key={row.write}
      className={`value ${form === 'text' ? 'value-text' : 'value-json'}${remote && news ? ' flash' : ''}`}
      data-testid="value"
    >
      {text === '' ? <em>empty text</em> : text}
    </span>
  )
}

function LastWrite({ writer, at }: { writer: Writer | undefined; at: number }) {
  return (
    <>
      {writer === undefined ? (
        <span className="writer gone" title="The member that wrote this is gone">
          gone
        </span>
      ) : (
        <span
          className="writer"
          title={`Written by ${writer.name} (${writer.id})`}
          style={hueStyle(writer.id)}
        >
          <span className="dot" />
          {writer.self ? 'you' : writer.name}
        </span>
      )}
      <Ago at={at} />
    </>
  )
}
