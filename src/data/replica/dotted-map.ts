/**
 * The dotted map: which writes are known (the context), which of them are live (the table), and how two such
 * states merge. A write is named by a dot `(session, n)`; a dot inside the context that is not live is dead, so
 * there are no tombstones. Pure: it knows nothing of Yjs, bytes or time. (Bieniusa et al. 2012, "An optimized
 * conflict-free replicated set"; Preguica et al. 2012, dotted version vectors; Almeida et al. 2018, causal contexts.)
 */
import { BEATEN_MAX } from '../data-limits.js'
import { BUCKETS, Digest } from './digest.js'
import type { Dot, Entry } from './entry.js'
import { type Incoming, type Run, runEnd } from './incoming.js'
import { Losers } from './losers.js'
import type { Merged } from './merged.js'
import { SessionEntries } from './session-entries.js'

/** One member's context and live table. */
export class DottedMap {
  readonly digest = new Digest()
  /** Called before a live entry loses against a newcomer. */
  beforeLoss: ((entry: Entry) => void) | undefined = undefined
  readonly #context = new Map<number, number>()
  readonly #table = new Map<string, Entry>()
  readonly #bySession = new Map<number, SessionEntries>()
  readonly #losers = new Losers()
  #version = 0
  #bytes = 0
  /** The greatest stamp among those whose death left their key empty, by bucket of the key. */
  readonly #deadStamps = new Float64Array(BUCKETS)

  /** Raised by every change; an entry tells the version that took it. */
  get version(): number {
    return this.#version
  }

  /** Keys and values in encoded form. */
  get bytes(): number {
    return this.#bytes
  }

  /** Live entries. */
  get size(): number {
    return this.#table.size
  }

  get(key: string): Entry | undefined {
    return this.#table.get(key)
  }

  entries(): IterableIterator<Entry> {
    return this.#table.values()
  }

  /** How many writes of `session` are known. */
  known(session: number): number {
    return this.#context.get(session) ?? 0
  }

  /** session -> how many of its writes are known. */
  get context(): ReadonlyMap<number, number> {
    return this.#context
  }

  /** The live entries of one session from its number `start` on, ascending. */
  liveOf(session: number, start = 0): Entry[] {
    return this.#bySession.get(session)?.within(start, Number.POSITIVE_INFINITY) ?? []
  }

  /** The live entry of a dot. */
  at({ session, n }: Dot): Entry | undefined {
    return this.#bySession.get(session)?.at(n)
  }

  /** A local write: it replaces what it saw, whatever the stamps. Returns that. */
  set(entry: Entry, previous = this.#table.get(entry.key)): Entry | undefined {
    this.#version++
    this.#install(entry)
    if (previous) this.#retire(previous)
    this.advance(entry.session, entry.n + 1)
    return previous
  }

  /** How many dots the next write of a key kills; `entry` is what stands under it. */
  killsOf(key: string, entry = this.#table.get(key)): number {
    if (!entry) return this.#losers.countOf(key)
    return 1 + (entry.beaten?.length ?? 0) / 2
  }

  /** The dots that lost here under a key that is absent now; the next write of the key kills them. */
  takeOrphans(key: string): number[] | undefined {
    return this.#losers.take(key)
  }

  /** A local delete takes a dot too, dead on arrival: without it a member could not tell that it missed it. */
  delete(entry: Entry, dot: Dot): void {
    this.#retire(entry)
    this.#table.delete(entry.key)
    this.#emptied(entry)
    this.#version++
    this.advance(dot.session, dot.n + 1)
  }

  /** Counts the first `count` writes of `session` as known. */
  advance(session: number, count: number): void {
    const before = this.#context.get(session) ?? 0
    if (count <= before) return
    this.#context.set(session, count)
    this.digest.advance(session, before, count)
  }

  /** Whether `a` wins over the concurrent write `b`: by its stamp, then by its name. */
  wins(a: Entry, b: Entry): boolean {
    if (a.stamp !== b.stamp) return a.stamp > b.stamp
    if (a.session !== b.session) return a.session > b.session
    return a.n > b.n
  }

  /**
   * Whether nothing in `incoming` follows a write that is unknown here: each run begins where the context ends or before,
   * and each killed dot is in the context or in a run.
   */
  isReady(incoming: Incoming): boolean {
    for (const run of incoming.runs) if (run.start > this.known(run.session)) return false
    for (const kill of incoming.kills) {
      const end = kill.ranges[kill.ranges.length - 1] ?? 0
      if (end > this.known(kill.session) && end > runEnd(incoming.runs, kill.session)) return false
    }
    return true
  }

  /**
   * Merges what `isReady` accepted: kills the dead, then lets each newcomer stand against the live entry of its
   * key. `deaths` are further ones among the entries that are live here, as a sync tells them.
   */
  merge(incoming: Incoming, deaths: readonly Entry[] = []): Merged {
    const merged: Merged = { news: false, set: [], removed: [], conflicts: [] }
    const killed: Entry[] = []
    this.#version++
    for (const entry of deaths) {
      if (!entry.live) continue
      // No update tells of this death: the next write of the key does, with whatever takes its place.
      this.#remember(entry, [entry.session, entry.n])
      this.#kill(entry, killed)
    }
    for (const kill of incoming.kills) this.#killRanges(kill.session, kill.ranges, killed)
    for (const run of incoming.runs) this.#killRanges(run.session, run.dead, killed)
    for (const run of incoming.runs) this.#take(run, merged)
    for (const entry of incoming.contested ?? []) this.#contest(entry, merged)
    this.#settle(killed, merged)
    if (killed.length > 0) merged.news = true
    return merged
  }

  #take(run: Run, merged: Merged): void {
    const known = this.known(run.session)
    if (run.end > known) merged.news = true
    for (const entry of run.entries) {
      if (entry.n >= known) this.#stand(entry, merged)
      else this.#contest(entry, merged)
    }
    this.advance(run.session, run.end)
  }

  /** Of two contents under one dot, of clones or of a liar, the greater one stands everywhere; a dead dot stays dead. */
  #contest(entry: Entry, merged: Merged): void {
    const current = this.at(entry)
    if (current === undefined || compareContents(entry, current) === 0) return
    merged.contested = (merged.contested ?? new Set()).add(entry.session)
    if (compareContents(entry, current) < 0) return
    merged.news = true
    this.#retire(current)
    if (current.key !== entry.key) this.#vacate(current, merged)
    this.#stand(entry, merged)
  }

  #killRanges(session: number, ranges: readonly number[], killed: Entry[]): void {
    const live = this.#bySession.get(session)
    if (!live) return
    for (let i = 0; i < ranges.length; i += 2)
      for (const entry of live.within(ranges[i] ?? 0, ranges[i + 1] ?? 0)) this.#kill(entry, killed)
  }

  /** A killed entry stays in the table until the newcomers had their turn: one of them may take its place. */
  #kill(entry: Entry, killed: Entry[]): void {
    this.#retire(entry)
    killed.push(entry)
  }

  #stand(entry: Entry, merged: Merged): void {
    const current = this.#table.get(entry.key)
    if (current?.live) {
      if (!this.wins(entry, current)) return this.#lose(entry, current, merged)
      this.beforeLoss?.(current)
      merged.conflicts.push({ winner: entry, loser: current })
      this.#retire(current)
      this.#remember(entry, [current.session, current.n])
    }
    const inherited = current ? current.beaten : this.takeOrphans(entry.key)
    if (inherited) this.#remember(entry, inherited)
    entry.late = entry.stamp <= (this.#deadStamps[entry.bucket] ?? 0)
    // An entry that this same merge brought was never seen by anybody: what stood before it counts.
    entry.previous = current?.version === this.#version ? current.previous : current
    this.#install(entry)
    merged.set.push(entry)
  }

  #lose(entry: Entry, current: Entry, merged: Merged): void {
    entry.live = false
    merged.conflicts.push({ winner: current, loser: entry })
    this.#remember(current, [entry.session, entry.n])
  }

  #remember(entry: Entry, dots: readonly number[]): void {
    const beaten = [...(entry.beaten ?? []), ...dots]
    const surplus = beaten.length - 2 * BEATEN_MAX
    entry.beaten = surplus > 0 ? beaten.slice(surplus) : beaten
  }

  #settle(killed: readonly Entry[], merged: Merged): void {
    for (const entry of killed) {
      if (this.#table.get(entry.key) !== entry) continue
      // Its death may be unknown where the next write of the key comes.
      const { session, n, beaten } = entry
      if (beaten?.at(-2) !== session || beaten.at(-1) !== n) this.#remember(entry, [session, n])
      this.#vacate(entry, merged)
    }
    if (merged.set.some((entry) => !entry.live)) merged.set = merged.set.filter((entry) => entry.live)
  }

  /** The key of a dead entry holds nothing any more. */
  #vacate(entry: Entry, merged: Merged): void {
    this.#table.delete(entry.key)
    this.#emptied(entry)
    if (entry.beaten) this.#losers.keep(entry.key, entry.beaten)
    merged.removed.push(entry)
  }

  #emptied({ bucket, stamp }: Entry): void {
    this.#deadStamps[bucket] = Math.max(this.#deadStamps[bucket] ?? 0, stamp)
  }

  #install(entry: Entry): void {
    entry.version = this.#version
    this.#table.set(entry.key, entry)
    this.#entriesOf(entry.session).add(entry)
    this.#bytes += entry.bytes
    this.digest.toggle(entry)
  }

  #retire(entry: Entry): void {
    entry.live = false
    const entries = this.#entriesOf(entry.session)
    entries.retired()
    if (entries.size === 0) this.#bySession.delete(entry.session)
    this.#bytes -= entry.bytes
    this.digest.toggle(entry)
  }

  #entriesOf(session: number): SessionEntries {
    const known = this.#bySession.get(session)
    if (known) return known
    const entries = new SessionEntries()
    this.#bySession.set(session, entries)
    return entries
  }
}

/** Of two contents under one dot: above 0 when `a` is the greater one, by stamp and then by hash, the same everywhere. */
function compareContents(a: Entry, b: Entry): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp
  return a.hashHigh !== b.hashHigh ? a.hashHigh - b.hashHigh : a.hashLow - b.hashLow
}
