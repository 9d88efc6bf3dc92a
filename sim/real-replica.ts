/** The real replica as a simulated member has it: it writes keys of its own choice, again and again. */
import { Replica } from '../src/data/replica/replica.js'
import type { SimReplica } from './seat.js'

/** Keys of all members together, so that members overwrite each other. */
const KEYS = 200

export class RealReplica extends Replica implements SimReplica {
  /** Told of each write of this member. */
  onWrite: (n: number) => void = () => undefined
  #writes = 0

  /** Every seventh write deletes. */
  writeOne(): void {
    this.#writes += 1
    const key = `key ${(this.#writes * 31 + (this.session % KEYS)) % KEYS}`
    if (this.#writes % 7 === 0 && this.has(key)) this.write([{ type: 'delete', key }])
    else this.write([{ type: 'set', key, value: `${this.session} ${this.#writes}` }])
    this.onWrite(this.#writes)
  }
}
