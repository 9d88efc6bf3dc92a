/** The form that adds a key. What was typed stays until the store has taken it. */
import { type FormEvent, useRef, useState } from 'react'
import { useStore } from '../src/react.js'
import { plainText } from './plain-text.js'
import { parseText, type TextForm } from './value-text.js'

/** `onAdded` is told the key after the store has taken it. */
export function AddForm({ onAdded }: { onAdded: (key: string) => void }) {
  const { usr } = useStore()
  const [key, setKey] = useState('')
  const [text, setText] = useState('')
  const [form, setForm] = useState<TextForm>('text')
  const [problem, setProblem] = useState<string>()
  const keyField = useRef<HTMLInputElement>(null)

  const add = (event: FormEvent) => {
    event.preventDefault()
    try {
      usr.set(key, parseText(text, form))
    } catch (error) {
      setProblem(plainText(error))
      return
    }
    onAdded(key)
    setProblem(undefined)
    setKey('')
    setText('')
    keyField.current?.focus()
  }

  return (
    <form className="add-form" onSubmit={add} autoComplete="off">
      <label className="field field-key">
        <span>Key</span>
        <input
          ref={keyField}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          placeholder="weather/lisbon"
          spellCheck={false}
          data-testid="add-key"
        />
      </label>
      <label className="field field-value">
        <span>Value</span>
        <input
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          placeholder={form === 'text' ? 'sunny' : '{"sky": "sunny", "degrees": 24}'}
          spellCheck={false}
          data-testid="add-value"
        />
      </label>
      <label className="field field-form">
        <span>As</span>
        <select
          value={form}
          onChange={(event) => setForm(event.currentTarget.value === 'json' ? 'json' : 'text')}
          data-testid="add-form"
        >
          <option value="text">Text</option>
          <option value="json">JSON</option>
        </select>
      </label>
      <button className="button primary" type="submit" data-testid="add-button">
        Add
      </button>
      {problem === undefined ? (
        key !== '' && <ExistingKeyHint keyName={key} />
      ) : (
        <p className="problem" role="alert" data-testid="add-problem">
          {problem}
        </p>
      )}
    </form>
  )
}

function ExistingKeyHint({ keyName }: { keyName: string }) {
  const { usr } = useStore()
  // Keys that no store takes cannot be asked for either; the form says so when it is sent.
  return hasKey(() => usr.has(keyName)) ? (
    <p className="hint">This key exists. Adding it writes over its value.</p>
  ) : null
}

function hasKey(look: () => boolean): boolean {
  try {
    return look()
  } catch {
    return false
  }
}
