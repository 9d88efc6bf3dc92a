/**
 * Presence in the shape that editor bindings expect: an `Awareness` of y-protocols whose states travel as a field of
 * `store.presence`. It believes nobody: other members get client ids made of their member ids, whatever they claim;
 * who has gone is removed with its metadata; who lives is renewed, however long it keeps still.
 */
import * as encoding from 'lib0/encoding'
import { Awareness, applyAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import { hash32 } from '../../base/bytes.js'
import type { Unsubscribe } from '../../base/emitter.js'
import { UsageError } from '../../base/errors.js'
import type { PresenceState, Store } from '../types.js'

/** Awareness drops after 30 s whom nobody renewed. */
const RENEW_MILLIS = 10_000
/** The origin of the events about other members. */
const ORIGIN = 'gossip-kv'

interface Remote {
  client: number
  /** What was last applied; undefined makes it be applied again. */
  state: unknown
}

const bridges = new WeakMap<Store, Map<string, Bridge>>()

/**
 * An Awareness for editor bindings (y-codemirror, y-prosemirror, tiptap), over the presence of `store`. Pass this function
 * as the option `awareness` to have it as `store.presence.awareness`, or call it with a document of the application. It
 * ends with the store. The local state has to fit JSON and, with all that this member shows, 4 KiB: beyond it
 * `setLocalState` throws UsageError ERR_TOO_LARGE.
 * @param doc its `clientID` stands for this member. Default `store.doc`
 * @param field the field of the presence that carries it; another one for each document. Default 'awareness'
 * @throws UsageError ERR_OPTION_INVALID when another document has this field, ERR_STORE_CLOSED
 */
export function awareness(store: Store, doc: Doc = store.doc, field = 'awareness'): Awareness {
  const fields = bridges.get(store) ?? new Map<string, Bridge>()
  bridges.set(store, fields)
  const known = fields.get(field)
  if (known && known.awareness.doc !== doc) throw fieldTaken(field)
  if (known) return known.awareness
  const bridge = new Bridge(store, doc, field, () => fields.delete(field))
  fields.set(field, bridge)
  return bridge.awareness
}

/** The client id of a member: 53 bits, so that two of them never meet by chance. */
export function clientIdOf(member: string): number {
  return hash32(member) * 0x200000 + (hash32(`client ${member}`) >>> 11)
}

class Bridge {
  readonly awareness: Awareness
  readonly #store: Store
  readonly #field: string
  readonly #remotes = new Map<string, Remote>()
  readonly #ended: () => void
  readonly #offs: Unsubscribe[]
  #published: object | null | undefined

  constructor(store: Store, doc: Doc, field: string, ended: () => void) {
    this.#store = store
    this.#field = field
    this.#ended = ended
    // First, since it refuses a closed store.
    store.presence.set({ [field]: {} } as Partial<PresenceState>)
    this.awareness = new Awareness(doc)
    this.awareness.on('update', this.#onUpdate)
    this.awareness.on('destroy', () => this.#end())
    const timer = setInterval(() => this.#renew(), RENEW_MILLIS)
    this.#offs = [
      store.presence.subscribe(() => this.#follow()),
      store.on('status', ({ name }) => {
        if (name === 'closed') this.awareness.destroy()
      }),
      () => clearInterval(timer),
    ]
    this.#follow()
  }

  readonly #onUpdate = (_changes: unknown, origin: unknown): void => {
    if (origin === 'local') this.#publish(this.awareness.getLocalState())
    // A machine that slept finds everyone outdated before it could renew them.
    if (origin === 'timeout') this.#renew()
  }

  #publish(state: object | null): void {
    // Awareness sets the same state again now and then; what was refused once must not throw in its timer.
    if (state === this.#published) return
    this.#published = state
    // Bindings put instances of classes into it, which y-protocols sends as JSON as well.
    const value = state === null ? undefined : JSON.parse(JSON.stringify(state))
    try {
      this.#store.presence.set({ [this.#field]: value } as Partial<PresenceState>)
    } catch (error) {
      // An editor outlives the store that is being closed, or could not start, and is not to fail for it.
      if (error instanceof UsageError && error.code !== 'ERR_STORE_CLOSED') throw error
    }
  }

  /** Shows who is there now as their presence says. */
  #follow(): void {
    const here = new Set<string>()
    for (const { id, self, state } of this.#store.presence.list()) {
      const theirs = (state as Readonly<Record<string, unknown>>)[this.#field]
      if (self || !isRecord(theirs)) continue
      here.add(id)
      const remote = this.#remoteOf(id)
      if (remote.state === theirs) continue
      remote.state = theirs
      this.#apply(remote.client, theirs)
    }
    for (const [id, { client }] of this.#remotes) if (!here.has(id)) this.#remove(id, client)
  }

  #remoteOf(id: string): Remote {
    const known = this.#remotes.get(id)
    if (known) return known
    const taken = new Set(Array.from(this.#remotes.values(), ({ client }) => client))
    let client = clientIdOf(id)
    // Somebody may have looked for an id that collides.
    while (taken.has(client) || client === this.awareness.clientID) client += 1
    const remote = { client, state: undefined }
    this.#remotes.set(id, remote)
    return remote
  }

  #apply(client: number, state: unknown): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, (this.awareness.meta.get(client)?.clock ?? 0) + 1)
    encoding.writeVarString(encoder, JSON.stringify(state))
    applyAwarenessUpdate(this.awareness, encoding.toUint8Array(encoder), ORIGIN)
  }

  #remove(id: string, client: number): void {
    this.#remotes.delete(id)
    removeAwarenessStates(this.awareness, [client], ORIGIN)
    // It would keep this for ever.
    this.awareness.meta.delete(client)
  }

  #renew(): void {
    for (const remote of this.#remotes.values()) {
      const meta = this.awareness.meta.get(remote.client)
      if (meta && this.awareness.states.has(remote.client)) meta.lastUpdated = Date.now()
      else remote.state = undefined
    }
    this.#follow()
  }

  #end(): void {
    for (const off of this.#offs) off()
    this.awareness.off('update', this.#onUpdate)
    this.#ended()
    if (this.#store.status.name !== 'closed') this.#publish(null)
  }
}

function isRecord(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}

function fieldTaken(field: string): UsageError {
  return new UsageError(
    'ERR_OPTION_INVALID',
    `The field ${JSON.stringify(field)} of the presence carries the awareness of another document`,
    { why: 'Each document has states of its own', fix: 'Name another field: awareness(store, doc, "notes")' },
  )
}
