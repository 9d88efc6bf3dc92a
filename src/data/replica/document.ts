/**
 * The Y.Doc as a projection: the replica writes the root maps `usr` and `sys` through here, and only the replica.
 * What an application or a binding writes by itself is noticed after its transaction, by comparing the item that
 * stands for each changed key with the one that the replica recorded (never by origin: transactions nest).
 */
import * as Y from 'yjs'
import { type GossipKvError, InternalError, messageOf, UsageError } from '../../base/errors.js'
import {
  changedInOpenTransaction,
  clearRoot,
  isBusy,
  isEmptyRoot,
  isRoot,
  plainContent,
  replaceContent,
  type SharedType,
  tailOf,
} from './compaction.js'
import type { Entry } from './entry.js'

/** What the document asks of the replica. */
export interface DocumentHost {
  /** The live entry of a key. */
  entryOf(key: string): Entry | undefined
  /** A stock write or delete of a key: makes it a write of the store, or throws why it may not be. */
  adopt(key: string, value: unknown): Entry | undefined
  /** A transaction is over, its observers were called. */
  transactionEnded(): void
  /** All transactions of an outermost call are over. */
  settled(): void
  /** Something failed that the caller of the replica did not do. */
  failed(error: GossipKvError): void
}

/**
 * A document whose events cost nothing where nobody listens, and no list where one does: Yjs copies one for each of
 * the six events of a transaction, which takes as long as the change of a key.
 */
export class QuietDoc extends Y.Doc {
  override emit(...[name, values]: Parameters<Y.Doc['emit']>): void {
    const listeners: Set<(...values: unknown[]) => void> | undefined = this._observers.get(name)
    if (listeners === undefined) return
    if (listeners.size > 1) return super.emit(name, values)
    const [only] = listeners
    only?.(...values)
  }
}

const DUPLICATE_KEY = Symbol.for('gossip-kv.yjs')

/** @throws UsageError ERR_DUPLICATE_YJS when another copy of yjs is in use in this realm */
export function checkSingleYjs(doc?: Y.Doc, realm: object = globalThis): void {
  const first: unknown = Reflect.get(realm, DUPLICATE_KEY)
  if (first === undefined) Reflect.set(realm, DUPLICATE_KEY, Y.Doc)
  const isForeign = doc !== undefined && !(doc instanceof Y.Doc)
  if ((first === undefined || first === Y.Doc) && !isForeign) return
  throw new UsageError('ERR_DUPLICATE_YJS', 'Two copies of yjs are loaded')
}

/** The document of one replica. */
export class Document {
  readonly doc: Y.Doc
  readonly usr: Y.Map<unknown>
  readonly sys: Y.Map<unknown>
  /** The same maps under the type by which transactions name what they changed. */
  readonly #usrType: SharedType
  readonly #sysType: SharedType
  readonly #host: DocumentHost
  readonly #errors: GossipKvError[] = []
  #ownCalls = 0
  #membersItem: Y.Item | undefined
  #members: unknown

  constructor(doc: Y.Doc, host: DocumentHost) {
    if (doc.store.clients.size > 0) throw docNotEmpty()
    this.doc = doc
    this.usr = doc.getMap('usr')
    this.sys = doc.getMap('sys')
    this.#usrType = doc.get('usr')
    this.#sysType = doc.get('sys')
    this.#host = host
    doc.on('afterTransaction', this.#afterTransaction)
    doc.on('afterAllTransactions', this.#afterAllTransactions)
  }

  /** Stops noticing. */
  release(): void {
    this.doc.off('afterTransaction', this.#afterTransaction)
    this.doc.off('afterAllTransactions', this.#afterAllTransactions)
  }

  /** Runs the replica's own writes as one transaction. What a listener throws is reported, not thrown here. */
  transact(write: () => void, origin: unknown): void {
    // Inside of somebody else's transaction the listeners run later, and their errors are that caller's.
    if (isBusy(this.doc)) return this.doc.transact(write, origin)
    let written = false
    this.#ownCalls++
    try {
      this.doc.transact(() => {
        write()
        written = true
      }, origin)
    } catch (error) {
      if (!written) throw error
      this.#host.failed(listenerThrew(error))
    } finally {
      this.#ownCalls--
    }
  }

  /** Shows an entry. */
  show(entry: Entry): void {
    this.usr.set(entry.key, entry.value)
    entry.mark = tailOf(this.usr, entry.key)
  }

  /** Shows that a key has gone. */
  hide(key: string): void {
    this.usr.delete(key)
  }

  /** Shows the member table. */
  showMembers(members: unknown): void {
    this.#members = members
    this.sys.set('members', members)
    this.#membersItem = tailOf(this.sys, 'members')
  }

  /** Adopts what an application wrote earlier in the transaction that is still open, before it is overwritten. */
  absorb(): void {
    const keys = changedInOpenTransaction(this.doc)?.get(this.#usrType)
    for (const key of keys ?? []) {
      if (key === null || this.#isOwn(key)) continue
      try {
        this.#adopt(key)
      } catch {
        // What may not stay is undone and told once, when the transaction ends.
      }
    }
  }

  readonly #afterTransaction = (transaction: Y.Transaction): void => {
    const keys = transaction.changed.get(this.#usrType)
    const isElsewhere = transaction.changed.size > (keys ? 1 : 0)
    let isForeign = false
    // `null` stands for the list part of a type, which a map does not have.
    if (keys) for (const key of keys) isForeign ||= key !== null && !this.#isOwn(key)
    if (isForeign || isElsewhere) this.#noticed(transaction)
    this.#host.transactionEnded()
  }

  readonly #afterAllTransactions = (): void => {
    this.#host.settled()
    if (this.#errors.length === 0) return
    const errors = this.#errors.splice(0)
    for (const error of errors) this.#host.failed(error)
    // During a call of the replica's own, a listener did it: its caller is not to blame.
    if (this.#ownCalls === 0) throw errors[0]
  }

  #isOwn(key: string): boolean {
    const tail = tailOf(this.usr, key)
    const entry = this.#host.entryOf(key)
    if (entry) return entry.mark === tail && tail?.deleted === false
    return tail === undefined || tail.deleted
  }

  #noticed(transaction: Y.Transaction): void {
    const undone: string[] = []
    for (const key of transaction.changed.get(this.#usrType) ?? []) {
      if (key === null || this.#isOwn(key)) continue
      try {
        this.#adopt(key)
      } catch (error) {
        this.#errors.push(error instanceof UsageError ? error : foreignWrite('usr', messageOf(error)))
        undone.push(key)
      }
    }
    const roots = [...transaction.changed.keys()].filter((type) => type !== this.#usrType && isRoot(type))
    const isSysForeign = transaction.changed.has(this.#sysType) && !this.#isSysOwn()
    const others = roots.filter((type) => type !== this.#sysType && !isEmptyRoot(type))
    if (undone.length === 0 && !isSysForeign && others.length === 0) return
    if (isSysForeign) this.#errors.push(sysReadonly())
    for (const type of others) this.#errors.push(foreignWrite(rootName(this.doc, type), 'not usr'))
    this.#undo(undone, isSysForeign, others)
  }

  #isSysOwn(): boolean {
    for (const key of this.sys.keys()) if (key !== 'members') return false
    const tail = tailOf(this.sys, 'members')
    if (tail === undefined || tail.deleted) return this.#members === undefined
    return tail === this.#membersItem
  }

  #adopt(key: string): void {
    const tail = tailOf(this.usr, key)
    if (tail === undefined || tail.deleted) {
      this.#host.adopt(key, undefined)
      return
    }
    const content = plainContent(tail)
    if (content === undefined || content.value === undefined) throw notPlain(key)
    const entry = this.#host.adopt(key, content.value)
    if (!entry) return
    replaceContent(tail, entry.value)
    entry.mark = tail
  }

  /** Restores in a following transaction what stood before. */
  #undo(keys: readonly string[], sys: boolean, others: readonly SharedType[]): void {
    this.doc.transact((transaction) => {
      for (const key of keys) {
        const entry = this.#host.entryOf(key)
        if (entry) this.show(entry)
        else this.hide(key)
      }
      if (sys) {
        this.sys.clear()
        if (this.#members !== undefined) this.showMembers(this.#members)
      }
      for (const type of others) clearRoot(transaction, type)
    }, this)
  }
}

function rootName(doc: Y.Doc, type: SharedType): string {
  for (const [name, root] of doc.share) if (root === type) return name
  return '(unnamed)'
}

function docNotEmpty(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', 'The given Y.Doc already has content', {
    why: 'The replica writes the document by itself; what is in it already would have no name and no time',
    fix: 'Pass an empty document and write the content through the store',
  })
}

function notPlain(key: string): UsageError {
  return new UsageError(
    'ERR_VALUE_INVALID',
    `Something that is no plain value was written to the key ${JSON.stringify(key)} of the document`,
    {
      why: 'Values are whole: nested shared types, subdocuments and undefined cannot be merged as one',
      fix: 'Write JSON or bytes, and use delete() to remove a key. The write was undone',
    },
  )
}

function sysReadonly(): UsageError {
  return new UsageError('ERR_SYS_READONLY', 'The `sys` map of the document was written to')
}

function foreignWrite(root: string, reason: string): UsageError {
  return new UsageError(
    'ERR_FOREIGN_WRITE',
    `The root ${JSON.stringify(root)} of the document was written to (${reason})`,
  )
}

function listenerThrew(error: unknown): InternalError {
  return new InternalError('ERR_LISTENER_THREW', `A listener of the document threw (${messageOf(error)})`, {
    cause: error,
  })
}
