/**
 * The causal oracle: what every member has seen, tracked outside of the replicas, and what may stand under a key
 * because of it. It knows nothing of contexts, digests or bytes, so it cannot make the mistakes that it looks for.
 *
 * A write *overwrites* the writes of its key that its writer knew of, directly or through others. Among the writes
 * that survive (those that reached a member that lives), the *maximal* ones are overwritten by none. A write *kills*
 * what stood at its writer, and what had lost there. Two sets that meet at a member while both stand are judged there
 * once: the greater (stamp, session, n) wins, the other has *lost*, and a member that learns from that one learns of
 * the loss. A set *stands* at a member when it reached it, nothing that reached it killed it, and it has not lost.
 *
 * Allowed at the end, for each key: the maximal set that stands, if there is one; otherwise nothing, and then one of the
 * maximal writes has to be a delete. So a key may be absent although a maximal write of it is a set only if that set had
 * lost, somewhere that survives, to a value that was deleted since: a delete kills exactly the dots that it saw, and the
 * loser is gone where it lost. A write may bring more deaths with it than these, up to all that its writer knew of, so that a set that
 * is counted as lost never met its winner: the set that stands where every write kills so much is allowed as well.
 */
import { WriteSet } from './write-set.js'

/** A set or a delete. */
export interface Write {
  id: number
  key: string
  type: 'set' | 'delete'
  /** What `Replica.entry` names it by; a delete is never looked up. */
  session: number
  n: number
  /** What decides against concurrent sets. */
  stamp: number
  value: string
  /** The writes of the key that its writer knew of. */
  past: WriteSet
  /** Those of them that it kills. */
  killed: WriteSet
}

/** What a writer says of a write. */
export type WriteFields = Omit<Write, 'id' | 'past' | 'killed'>

/** What does not stand at a member although it reached it. */
class Gone {
  /** By those that reached it. */
  readonly killed = new WriteSet()
  /** Against a concurrent set. */
  readonly lost = new WriteSet()

  unite(other: Gone): void {
    this.killed.unite(other.killed)
    this.lost.unite(other.lost)
  }
}

/** What one member has seen so far. */
export class Knowledge {
  /** The writes that reached it. */
  seen = new WriteSet()
  /** Those, and all that their writers knew of. */
  causes = new WriteSet()
  /** What is gone if a write kills what stood at its writer, and if it kills all that its writer knew of. */
  readonly gone: readonly [Gone, Gone] = [new Gone(), new Gone()]

  clone(): Knowledge {
    const copy = new Knowledge()
    copy.unite(this)
    return copy
  }

  unite(other: Knowledge): void {
    this.seen.unite(other.seen)
    this.causes.unite(other.causes)
    this.gone.forEach((gone, index) => {
      gone.unite(other.gone[index] as Gone)
    })
  }
}

/** Which of two concurrent sets wins. */
export type Order = (a: Write, b: Write) => boolean

/** The order of the design. */
export function greater(a: Write, b: Write): boolean {
  if (a.stamp !== b.stamp) return a.stamp > b.stamp
  return a.session !== b.session ? a.session > b.session : a.n > b.n
}

/** What is wrong with one key; undefined: nothing. */
export type Verdict = 'lost' | 'stale' | 'misjudged' | undefined

/** The writes of one key. */
class KeyWrites {
  readonly all = new WriteSet()
  readonly sets = new WriteSet()
}

/** All writes of one run. */
export class Causality {
  readonly writes: Write[] = []
  readonly #byKey = new Map<string, KeyWrites>()
  readonly #byName = new Map<string, Write>()
  readonly #order: Order

  constructor(order: Order = greater) {
    this.#order = order
  }

  /** A member writes: it overwrites what it knows of. */
  record(by: Knowledge, fields: WriteFields): Write {
    const { all, sets } = this.#ofKey(fields.key)
    const killed = new WriteSet()
    for (const id of by.seen.pick(sets, [by.gone[0].killed])) killed.add(id)
    const write = { ...fields, id: this.writes.length, past: by.causes.intersection(all), killed }
    this.writes.push(write)
    all.add(write.id)
    if (write.type === 'set') {
      sets.add(write.id)
      this.#byName.set(nameOf(write), write)
    }
    this.#see(by, write)
    return write
  }

  /** A member takes writes of another one, all at once: what is overwritten among them never stands there. */
  learn(by: Knowledge, writes: readonly Write[]): void {
    for (const write of writes) this.#see(by, write)
    for (const write of writes) this.#judge(by, write.key)
  }

  /** A member takes all that another one had seen. */
  unite(by: Knowledge, from: Knowledge): void {
    by.unite(from)
    for (const key of this.#byKey.keys()) this.#judge(by, key)
  }

  /** The set behind a visible value. */
  named(name: { key: string; session: number; n: number; value: unknown }): Write | undefined {
    return this.#byName.get(nameOf(name))
  }

  /** A library wrote `write` anew under another name: nobody meant anything new by it. */
  alias(write: Write, name: { key: string; session: number; n: number; value: unknown }): void {
    this.#byName.set(nameOf(name), write)
  }

  /** What may be visible under the key by what `all` has seen. */
  standing(all: Knowledge, key: string): Write | undefined {
    return this.#standing(all, key, all.gone[0])
  }

  /** Judges what is visible at the end, `all` being the union of what the living have seen. */
  verdict(all: Knowledge, key: string, visible: Write | 'unknown' | undefined): Verdict {
    const standing = this.standing(all, key)
    if (visible === undefined) return standing || !this.#isDeleted(all, key) ? 'lost' : undefined
    if (visible === 'unknown' || !all.seen.has(visible.id)) return 'stale'
    if (this.#isOverwritten(all, visible)) return 'stale'
    const isAllowed = visible === standing || visible === this.#standing(all, key, all.gone[1])
    return isAllowed ? undefined : 'misjudged'
  }

  /** Whether a delete is maximal, or nobody living has seen any write: then nothing need be there. */
  #isDeleted(all: Knowledge, key: string): boolean {
    const survivors = all.seen.pick(this.#ofKey(key).all, []).flatMap((id) => this.writes[id] ?? [])
    const maximal = survivors.filter((write) => !this.#isOverwritten(all, write))
    return maximal.length === 0 || maximal.some(({ type }) => type === 'delete')
  }

  #isOverwritten(all: Knowledge, { id, key }: Write): boolean {
    const survivors = all.seen.pick(this.#ofKey(key).all, [])
    return survivors.some((other) => this.writes[other]?.past.has(id))
  }

  #ofKey(key: string): KeyWrites {
    const known = this.#byKey.get(key)
    if (known) return known
    const writes = new KeyWrites()
    this.#byKey.set(key, writes)
    return writes
  }

  #see(by: Knowledge, write: Write): void {
    by.seen.add(write.id)
    by.causes.add(write.id)
    by.causes.unite(write.past)
    by.gone[0].killed.unite(write.killed)
    by.gone[1].killed.unite(write.past)
  }

  #standing(all: Knowledge, key: string, gone: Gone): Write | undefined {
    this.#judge(all, key)
    return this.#candidates(all, key, gone).find((write) => !this.#isOverwritten(all, write))
  }

  #candidates(by: Knowledge, key: string, { killed, lost }: Gone): Write[] {
    const picked = by.seen.pick(this.#ofKey(key).sets, [killed, lost])
    return picked.flatMap((id) => this.writes[id] ?? [])
  }

  #judge(by: Knowledge, key: string): void {
    for (const gone of by.gone) {
      const candidates = this.#candidates(by, key, gone)
      if (candidates.length < 2) continue
      const winner = candidates.reduce((best, other) => (this.#order(other, best) ? other : best))
      for (const write of candidates) if (write !== winner) gone.lost.add(write.id)
    }
  }
}

/** Value included: where a session is used twice, two writes bear one dot. */
function nameOf(write: { key: string; session: number; n: number; value: unknown }): string {
  return `${write.session}:${write.n}:${write.key}:${write.value}`
}
