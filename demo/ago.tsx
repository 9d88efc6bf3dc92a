/** A time as its age, which moves on by itself. Renders only when the text changes. */
import { useCallback, useSyncExternalStore } from 'react'
import { agoText } from './plain-text.js'

/** `at` in milliseconds since 1970. */
export function Ago({ at }: { at: number }) {
  const text = useSyncExternalStore(
    everySecond,
    useCallback(() => agoText(at, Date.now()), [at]),
  )
  const date = new Date(at)
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {text}
    </time>
  )
}

const listeners = new Set<() => void>()
let interval: ReturnType<typeof setInterval> | undefined

/** One interval serves all times on the page and stops with the last of them. */
function everySecond(listener: () => void): () => void {
  listeners.add(listener)
  interval ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(interval)
    interval = undefined
  }
}
