/** Tasks in order, of which some take their time: at once while nothing waits, one after the other otherwise. */

interface Waiting {
  bytes: number
  task: () => unknown
}

/** A queue of tasks, bounded in bytes. */
export class SerialQueue {
  readonly #waiting: Waiting[] = []
  readonly #bytesMax: number
  readonly #overflow: () => void
  #busy = false
  #bytes = 0
  #closed = false

  constructor(bytesMax: number, overflow: () => void) {
    this.#bytesMax = bytesMax
    this.#overflow = overflow
  }

  /** Runs `task` in its turn; `bytes` is what it holds until then. A task does not fail. */
  push(bytes: number, task: () => unknown): void {
    if (this.#closed) return
    if (!this.#busy) return this.#run(task)
    this.#bytes += bytes
    if (this.#bytes > this.#bytesMax) return this.#overflow()
    this.#waiting.push({ bytes, task })
  }

  /** Drops what waits, and whatever comes. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
  }

  #run(task: () => unknown): void {
    const result = task()
    if (!(result instanceof Promise)) return
    this.#busy = true
    void result.finally(() => this.#next())
  }

  #next(): void {
    this.#busy = false
    while (!this.#busy) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#bytes -= next.bytes
      this.#run(next.task)
    }
  }
}
