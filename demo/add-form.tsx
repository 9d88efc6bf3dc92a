/** The form that adds a key. What was typed stays until the store has taken it. */
import { type FormEvent, type RefObject, useRef, useState } from 'react'
import { useStore } from '../src/react.js'
import { plainText } from './plain-text.js'
import { parseText, type TextForm } from './value-text.js'

const EXAMPLES = { text: 'sunny', json: '{"sky": "sunny", "degrees": 24}' }

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
      <TextField label="Key" value={key} onText={setKey} field={keyField} example="weather/lisbon" />
      <TextField label="Value" value={text} onText={setText} example={EXAMPLES[form]} />
      <FormField form={form} onForm={setForm} />
      <button className="button primary" type="submit" data-testid="add-button">
        Add
      </button>
      <Note problem={problem} keyName={key} />
    </form>
  )
}

interface TextFieldProps {
  label: string
  value: string
  onText: (text: string) => void
  example: string
  field?: RefObject<HTMLInputElement | null>
}

function TextField({ label, value, onText, example, field }: TextFieldProps) {
  const name = label.toLowerCase()
  return (
    <label className={`field field-${name}`}>
      <span>{label}</span>
      <input
        ref={field}
        value={value}
        onInput={(event) => onText(event.currentTarget.value)}
        placeholder={example}
        spellCheck={false}
        data-testid={`add-${name}`}
      />
    </label>
  )
}

function FormField({ form, onForm }: { form: TextForm; onForm: (form: TextForm) => void }) {
  return (
    <label className="field field-form">
      <span>As</span>
      <select
        value={form}
        onChange={(event) => onForm(event.currentTarget.value === 'json' ? 'json' : 'text')}
        data-testid="add-form"
      >
        <option value="text">Text</option>
        <option value="json">JSON</option>
      </select>
    </label>
  )
}

function Note({ problem, keyName }: { problem: string | undefined; keyName: string }) {
  if (problem === undefined) return keyName === '' ? null : <ExistingKeyHint keyName={keyName} />
  return (
    <p className="problem" role="alert" data-testid="add-problem">
      {problem}
    </p>
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
