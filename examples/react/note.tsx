/** One text that every member shares, and how many members there are. */
import { useMembers, useValueState } from 'gossip-kv/react'

export function Note() {
  const [text, setText] = useValueState('note', '')
  const members = useMembers()
  return (
    <main>
      <label>
        A note for everybody <input value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <p>Members: {members.length}</p>
    </main>
  )
}
