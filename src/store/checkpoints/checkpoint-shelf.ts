/**
 * Checkpoints in their storage. Each is two entries: `ID.head`, which a list reads, and the state, which the head
 * names by its hash. The state is written first and the head removed first: a checkpoint is there when its head is.
 */
import { toHex } from '../../base/bytes.js'
import { GossipKvError } from '../../base/errors.js'
import { type Random, randomInteger } from '../../base/random.js'
import { CHECKPOINT_BYTES_MAX } from '../../data/data-limits.js'
import { type CheckpointPart, framePart, unframePart } from '../../data/persistence/checkpoint-frame.js'
import type { CheckpointStorage } from '../../data/persistence/checkpoint-storage.js'
import type { Security } from '../../mesh/security/security.js'
import { invalid, missing, newerVersion, sealedOtherwise, storageFailed } from './checkpoint-errors.js'
import type { CheckpointInfo } from './checkpoint-types.js'

const HEAD = '.head'
const ID = /^([0-9a-z]{9})-[0-9a-z]{8}$/
/** A state without a head is what a crash left behind, or what another member is about to finish. */
const ORPHAN_MILLIS = 60 * 60_000

/** What a head says, besides what follows from its name. */
export interface CheckpointHead extends Omit<CheckpointInfo, 'problem'> {
  by: string
  /** The entry that holds the state, and the hash in its frame. */
  state: string
  hash: string
}

/** What seals in a cluster with a secret: under the primary key, to be opened with any that is held. */
export type CheckpointSeal = Pick<Security, 'keyId' | 'seal' | 'open'>

export interface ShelfParts {
  storage: CheckpointStorage
  random: Random
  /** Undefined in a cluster without a secret. */
  seal: () => CheckpointSeal | undefined
}

export class CheckpointShelf {
  readonly #parts: ShelfParts

  constructor(parts: ShelfParts) {
    this.#parts = parts
  }

  /** Ids of all checkpoints, the newest first. Removes what a crash left behind long ago. */
  async ids(now: number): Promise<string[]> {
    const names = await this.#stored((storage) => storage.list())
    const ids = names.flatMap((name) => (name.endsWith(HEAD) ? [name.slice(0, -HEAD.length)] : []))
    const known = new Set(ids)
    for (const name of names) {
      const id = name.slice(0, name.lastIndexOf('.'))
      if (ID.test(id) && !known.has(id) && now - timeOf(id) > ORPHAN_MILLIS) await this.#remove(name)
    }
    return ids.filter((id) => ID.test(id)).sort((a, b) => (a < b ? 1 : -1))
  }

  /** What a list tells of one; what cannot be read is told as a problem. Undefined when it has just gone. */
  async info(id: string): Promise<CheckpointInfo | undefined> {
    try {
      const { state: _state, hash: _hash, ...info } = await this.head(id)
      return { ...info, problem: undefined }
    } catch (error) {
      if (!(error instanceof GossipKvError) || error.code === 'ERR_DATA_UNWRITABLE') throw error
      if (error.code === 'ERR_CHECKPOINT_MISSING') return undefined
      const unknown = { label: undefined, by: undefined, epoch: undefined, keys: 0, bytes: 0 }
      return { id, at: timeOf(id), ...unknown, problem: error }
    }
  }

  /** @throws StorageError ERR_CHECKPOINT_MISSING, ERR_CHECKPOINT_INVALID, ERR_CHECKPOINT_VERSION, ERR_CHECKPOINT_SEALED */
  async head(id: string): Promise<CheckpointHead> {
    if (!ID.test(id)) throw missing(id)
    const { content } = await this.#read(id + HEAD, 'head', id)
    const head = parseHead(content)
    if (head?.id !== id) throw invalid(`The checkpoint ${id}`, 'its head is of another one')
    return head
  }

  /** The bare update. */
  async state(head: CheckpointHead): Promise<Uint8Array> {
    const { content, hash } = await this.#read(head.state, 'state', head.id)
    if (toHex(hash) === head.hash) return content
    throw invalid(`The checkpoint ${head.id}`, 'its state is of another one')
  }

  /** Keeps a new checkpoint. */
  async add(
    update: Uint8Array,
    facts: Pick<CheckpointHead, 'label' | 'at' | 'by' | 'keys'>,
  ): Promise<CheckpointInfo> {
    const id = `${facts.at.toString(36).padStart(9, '0')}-${this.#word(8)}`
    await this.#write({ ...facts, id, bytes: update.length }, update)
    const info = await this.info(id)
    if (info === undefined || info.problem) throw info?.problem ?? missing(id)
    return info
  }

  async remove(id: string): Promise<void> {
    if (!ID.test(id)) throw missing(id)
    const names = await this.#stored((storage) => storage.list())
    if (!names.includes(id + HEAD)) throw missing(id)
    await this.#remove(id + HEAD)
    for (const name of names) if (name.startsWith(`${id}.`) && name !== id + HEAD) await this.#remove(name)
  }

  /** Seals a checkpoint under the primary key, unless it is. What is damaged stays as it is. */
  async reseal(id: string): Promise<void> {
    const head = await this.head(id)
    if (head.epoch === this.#parts.seal()?.keyId) return
    const update = await this.state(head).catch((error: unknown) => {
      if (error instanceof GossipKvError && error.code !== 'ERR_DATA_UNWRITABLE') return undefined
      throw error
    })
    if (update === undefined) return
    await this.#write(head, update)
    await this.#remove(head.state)
  }

  /** A new state beside the old one, and then a head that names it: a crash in between leaves the old one whole. */
  async #write(
    facts: Pick<CheckpointHead, 'id' | 'label' | 'at' | 'by' | 'keys' | 'bytes'>,
    update: Uint8Array,
  ): Promise<void> {
    const seal = this.#parts.seal()
    const { id, label, at, by, keys, bytes } = facts
    const state = `${id}.${this.#word(4)}`
    const framed = await frameSealed('state', update, seal)
    const head = { id, label, at, by, keys, bytes, epoch: seal?.keyId, state, hash: toHex(framed.hash) }
    const framedHead = await frameSealed('head', new TextEncoder().encode(JSON.stringify(head)), seal)
    try {
      await this.#stored((storage) => storage.write(state, framed.bytes))
      await this.#stored((storage) => storage.write(id + HEAD, framedHead.bytes))
    } catch (error) {
      // What takes up the rest of a full disk helps nobody.
      await this.#remove(state).catch(() => undefined)
      throw error
    }
  }

  async #read(
    name: string,
    part: CheckpointPart,
    id: string,
  ): Promise<{ content: Uint8Array; hash: Uint8Array }> {
    const what = `The checkpoint ${id}`
    const bytes = await this.#stored((storage) => storage.read(name))
    if (bytes === undefined) throw part === 'head' ? missing(id) : invalid(what, 'its state is missing')
    if (bytes.length > CHECKPOINT_BYTES_MAX) throw invalid(what, `it has ${bytes.length} bytes`)
    const unframed = unframePart(part, bytes)
    if (unframed.type === 'damaged') throw invalid(what, unframed.reason)
    if (unframed.type === 'unknown-version') throw newerVersion(what, unframed.version)
    return { content: await this.#opened(what, unframed), hash: unframed.hash }
  }

  async #opened(what: string, part: { content: Uint8Array; sealed: boolean }): Promise<Uint8Array> {
    const seal = this.#parts.seal()
    if (!part.sealed && seal === undefined) return part.content
    // What anybody could have written must not pass for what a holder of the secret wrote.
    if (!part.sealed) throw sealedOtherwise(what, 'it is not sealed, and this cluster has a secret')
    if (seal === undefined) throw sealedOtherwise(what, 'it is sealed, and this store has no secret')
    try {
      return await seal.open(part.content)
    } catch (cause) {
      throw sealedOtherwise(what, 'no key that is known here opens it', cause)
    }
  }

  #remove(name: string): Promise<void> {
    return this.#stored((storage) => storage.remove(name))
  }

  async #stored<T>(act: (storage: CheckpointStorage) => Promise<T>): Promise<T> {
    try {
      return await act(this.#parts.storage)
    } catch (cause) {
      throw cause instanceof GossipKvError ? cause : storageFailed(cause)
    }
  }

  #word(characters: number): string {
    const { random } = this.#parts
    return Array.from({ length: characters }, () => randomInteger(random, 36).toString(36)).join('')
  }
}

function timeOf(id: string): number {
  return Number.parseInt(ID.exec(id)?.[1] ?? '0', 36)
}

async function frameSealed(
  part: CheckpointPart,
  content: Uint8Array,
  seal: CheckpointSeal | undefined,
): Promise<{ bytes: Uint8Array; hash: Uint8Array }> {
  return framePart(part, seal ? await seal.seal(content) : content, seal !== undefined)
}

function parseHead(content: Uint8Array): CheckpointHead | undefined {
  try {
    const head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content)) as CheckpointHead
    const { id, label, at, by, keys, bytes, epoch, state, hash } = head
    const isText = (text: unknown) => typeof text === 'string'
    const isOptional = (text: unknown) => text === undefined || isText(text)
    const fits =
      [id, by, state, hash].every(isText) &&
      [label, epoch].every(isOptional) &&
      [at, keys, bytes].every(Number.isSafeInteger)
    return fits ? { id, label, at, by, keys, bytes, epoch, state, hash } : undefined
  } catch {
    return undefined
  }
}
