/**
 * The editor of one value, in place of it. Enter or leaving the field writes, Escape puts the old value back,
 * Shift+Enter breaks the line. What is no JSON, or what the store refuses, stays in the field with the reason.
 */
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react'
import { useStore } from '../src/react.js'
import { plainText } from './plain-text.js'
import type { Row } from './rows.js'
import { formOf, parseText, shownText, textOf } from './value-text.js'

interface ValueEditorProps {
  row: Row
  onDone: (byKeyboard: boolean) => void
}

export function ValueEditor({ row, onDone }: ValueEditorProps) {
  const { first, form, text, setText, problem, commit, onKeyDown } = useDraft({ row, onDone })
  const field = useFocusedField()
  const noteId = useId()
  return (
    <div className="editor">
      <textarea
        ref={field}
        className={form === 'json' ? 'value-json' : 'value-text'}
        rows={rowsFor(text)}
        value={text}
        aria-label={`Value of ${row.key}${form === 'json' ? ' as JSON' : ''}`}
        aria-describedby={noteId}
        aria-invalid={problem !== undefined}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(false)}
        spellCheck={false}
        data-testid="editor"
      />
      <div id={noteId}>
        {problem !== undefined && (
          <p className="problem" role="alert" data-testid="edit-problem">
            {problem}
          </p>
        )}
        <Meanwhile row={row} first={first} />
      </div>
    </div>
  )
}

/** What is typed, and what becomes of it. */
function useDraft({ row, onDone }: ValueEditorProps) {
  const { usr } = useStore()
  const [first] = useState(row)
  const [text, setText] = useState(() => (row.value === undefined ? '' : textOf(row.value)))
  const [problem, setProblem] = useState<string>()
  const done = useRef(false)
  const form = (first.value !== undefined && formOf(first.value)) || 'text'

  const finish = (byKeyboard: boolean) => {
    // Taking the field away makes it lose the focus, which must not write a second time.
    done.current = true
    onDone(byKeyboard)
  }
  const commit = (byKeyboard: boolean) => {
    if (done.current) return
    const changed = first.value === undefined || text !== textOf(first.value)
    // Leaving the field unchanged does not write over what came meanwhile; Enter does.
    const overwrites = byKeyboard && row.write !== first.write
    try {
      if (changed || overwrites) usr.set(row.key, parseText(text, form))
      finish(byKeyboard)
    } catch (error) {
      setProblem(plainText(error))
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') finish(true)
    if (event.key !== 'Enter' || event.shiftKey) return
    event.preventDefault()
    commit(true)
  }
  return { first, form, text, setText, problem, commit, onKeyDown }
}

function Meanwhile({ row, first }: { row: Row; first: Row }) {
  if (row.write === first.write) return null
  const who = row.writer?.name ?? 'A member'
  return (
    <p className="hint" role="status">
      {row.value === undefined
        ? 'Somebody deleted this key meanwhile. Enter brings it back, Escape lets it go.'
        : `${who} wrote "${shownText(row.value)}" meanwhile. Enter writes over it, Escape keeps it.`}
    </p>
  )
}

function useFocusedField() {
  const field = useRef<HTMLTextAreaElement>(null)
  // Before the page is painted: what is typed at once after the click belongs into the field.
  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])
  return field
}

function rowsFor(text: string): number {
  const lines = text.split('\n').length + Math.floor(text.length / 60)
  return Math.min(Math.max(lines, 1), 10)
}
