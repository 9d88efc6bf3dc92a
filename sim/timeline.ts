/**
 * Virtual time in whole milliseconds: a wheel of 65,536 slots, each a list of what happens then, and a shelf for
 * what lies further ahead. Planning and running an event cost the same however many there are.
 */

/** A power of two, so that a mask finds the slot. */
const SLOTS = 65_536
const MASK = SLOTS - 1

/** Something that happens at a time; planned once, run once. */
export abstract class Happening {
  /** The next one of the same millisecond; belongs to the timeline. */
  next: Happening | undefined = undefined

  abstract happen(): void
}

/** The timer of somebody, who is told when it was set for. */
export class Tick extends Happening {
  readonly #owner: { tick(at: number): void }
  readonly #at: number

  constructor(owner: { tick(at: number): void }, at: number) {
    super()
    this.#owner = owner
    this.#at = at
  }

  override happen(): void {
    this.#owner.tick(this.#at)
  }
}

class Call extends Happening {
  readonly #run: () => void

  constructor(run: () => void) {
    super()
    this.#run = run
  }

  override happen(): void {
    this.#run()
  }
}

/** Events of the same millisecond run in the order in which they were planned. */
export class Timeline {
  readonly #heads: (Happening | undefined)[] = new Array(SLOTS).fill(undefined)
  readonly #tails: (Happening | undefined)[] = new Array(SLOTS).fill(undefined)
  /** What lies beyond the wheel, by round of the wheel. */
  readonly #shelf = new Map<number, { at: number; happening: Happening }[]>()
  #now = 0
  #events = 0

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now
  }

  /** Events run since the start. */
  get events(): number {
    return this.#events
  }

  /** Plans `happening` for `at`, rounded; for now when that is past. */
  plan(at: number, happening: Happening): void {
    const time = Math.max(this.#now, Math.round(at))
    if (time < this.#now + SLOTS) return this.#put(time, happening)
    const round = Math.floor(time / SLOTS)
    const shelved = this.#shelf.get(round)
    if (shelved) shelved.push({ at: time, happening })
    else this.#shelf.set(round, [{ at: time, happening }])
  }

  /** Plans a call after `millis`. */
  after(millis: number, run: () => void): void {
    this.plan(this.#now + millis, new Call(run))
  }

  /** Lets `millis` pass and runs everything that falls due. */
  run(millis: number): void {
    const end = this.#now + millis
    this.#runSlot()
    while (this.#now < end) {
      this.#now += 1
      if ((this.#now & MASK) === 0) this.#unshelve(this.#now / SLOTS)
      this.#runSlot()
    }
  }

  #put(time: number, happening: Happening): void {
    const slot = time & MASK
    const tail = this.#tails[slot]
    if (tail === undefined) this.#heads[slot] = happening
    else tail.next = happening
    this.#tails[slot] = happening
  }

  /** Runs the slot of now, with what is planned into it meanwhile. */
  #runSlot(): void {
    const slot = this.#now & MASK
    for (let happening = this.#heads[slot]; happening; happening = this.#heads[slot]) {
      this.#heads[slot] = happening.next
      if (happening.next === undefined) this.#tails[slot] = undefined
      happening.next = undefined
      this.#events += 1
      happening.happen()
    }
  }

  #unshelve(round: number): void {
    const shelved = this.#shelf.get(round) ?? []
    this.#shelf.delete(round)
    for (const { at, happening } of shelved) this.#put(at, happening)
  }
}
