/** A run as one number: what arrived where, when, and which bytes. Two runs of equal hashes went the same way. */

export class Trace {
  #low = 0x811c9dc5
  #high = 0x01000193

  /** Something arrived. */
  note(at: number, from: string, to: string, bytes: Uint8Array): void {
    this.#mix(Math.floor(1000 * at))
    for (const id of [from, to]) for (let i = 0; i < id.length; i++) this.#mix(id.charCodeAt(i))
    for (const byte of bytes) this.#mix(byte)
    this.#mix(bytes.length)
  }

  /** 64 bits in hexadecimal. */
  get hash(): string {
    return [this.#low, this.#high].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** FNV-1a in one half; the other one mixes it with what came before. */
  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193)
    this.#high = Math.imul(this.#high ^ (this.#low >>> 15), 0x85ebca6b)
  }
}
