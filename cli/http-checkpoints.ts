/** The checkpoints of a running member, over its HTTP interface. Bytes in values stay `{"$base64": ...}`. */
import type { Checkpoint, CheckpointDifference, CheckpointInfo, Checkpoints } from '../src/index.js'
import type { Api } from './api.js'

const ROOT = 'checkpoints'

export class HttpCheckpoints implements Checkpoints {
  readonly #api: Api

  constructor(api: Api) {
    this.#api = api
  }

  create(query: { label?: string }): Promise<CheckpointInfo> {
    return this.#api.json([ROOT], { method: 'POST', query })
  }

  list(): Promise<readonly CheckpointInfo[]> {
    return this.#api.json([ROOT])
  }

  read(id: string, query: { prefix?: string }): Promise<Checkpoint> {
    return this.#api.json([ROOT, id], { query })
  }

  diff(from: string, to: string, query: { prefix?: string }): Promise<CheckpointDifference> {
    return this.#api.json([ROOT, from, 'diff'], { query: { ...query, to } })
  }

  restore(id: string, options: { prefix?: string; atomic?: boolean }): Promise<CheckpointDifference> {
    const query = { prefix: options.prefix, atomic: String(options.atomic === true) }
    return this.#api.json([ROOT, id, 'restore'], { method: 'POST', query })
  }

  export(id: string): Promise<Uint8Array> {
    return this.#api.bytes([ROOT, id, 'export'])
  }

  import(body: Uint8Array, query: { label?: string }): Promise<CheckpointInfo> {
    return this.#api.json([ROOT], { method: 'POST', query, body })
  }

  async remove(id: string): Promise<void> {
    await this.#api.request([ROOT, id], { method: 'DELETE' })
  }
}
