/**
 * One member of an oracle run: a real replica with the protocol's real hold-back queue, and beside them what this
 * member has seen, as the oracle counts it.
 */
import { random53 } from '../../src/base/random.js'
import { compact } from '../../src/data/replica/compaction.js'
import { planAll } from '../../src/data/replica/plan.js'
import { Replica } from '../../src/data/replica/replica.js'
import type { ReceiveResult } from '../../src/data/replica-port.js'
import { HoldBack } from '../../src/mesh/protocol/broadcast/hold-back.js'
import type { GossipFrame } from '../../src/mesh/wire/frame.js'
import { decodeDifference, mergeDifference } from '../whole-difference.js'
import { Knowledge, type Write } from './causality.js'
import { directly, writeStock } from './plain.js'
import { RecordingClock } from './recording-clock.js'
import { repeating } from './repeating.js'
import {
  type Answer,
  frameOf,
  type Logged,
  type Operation,
  type Saved,
  type Told,
  updateIn,
  writesOf,
} from './told.js'
import type { Behaviour } from './variant.js'
import type { World } from './world.js'

export class OracleMember {
  readonly index: number
  readonly saved: Saved[] = []
  replica: Replica
  knowledge = new Knowledge()
  /** Raised by every crash: what was meant for an earlier life does not reach the next one. */
  life = 0
  /** Members of one group reach each other. */
  group = 0
  skewMillis = 0
  readonly #world: World
  /** A snapshot on the disk of this member, and what came after it. */
  #disk: { snapshot: Saved | undefined; log: Logged[] } = { snapshot: undefined, log: [] }
  #records: Uint8Array[] = []
  #clock = new RecordingClock()
  #behaviour: Behaviour = {}
  #holdBack = new HoldBack()
  #told = new WeakMap<GossipFrame, readonly Write[]>()
  #undrained: Write[] = []
  #outbox: Told[] = []
  #sent = 0

  constructor(world: World, index: number) {
    this.#world = world
    this.index = index
    this.replica = this.#start(random53(world.random))
  }

  #start(session: number, reuse?: number): Replica {
    const { random, variant } = this.#world
    this.#behaviour = variant.behaviour(random)
    this.#clock = this.#behaviour.clock?.(() => this.wall) ?? new RecordingClock()
    this.#holdBack = new HoldBack()
    this.#undrained = []
    this.#outbox = []
    const doc = this.#world.document()
    const replica = new Replica(
      {
        random: repeating(session, reuse === undefined ? random : repeating(reuse, random)),
        wall: () => this.wall,
        record: (record) => this.#records.push(record),
        ...(doc && { doc }),
      },
      { clock: this.#clock, ...(this.#behaviour.map && { map: this.#behaviour.map }) },
    )
    replica.events.on('error', (error) => this.#world.fail(error.message))
    return replica
  }

  /** Writes as one transaction: through the store, or as an application that uses the document by itself. */
  write(operations: readonly Operation[], isStock: boolean): Write[] {
    const real = operations.filter(({ type, key }) => type === 'set' || this.replica.has(key))
    if (this.#behaviour.delete && real.some(({ type }) => type === 'delete'))
      return real.flatMap((operation) => this.#writeOne(operation))
    const values = real.map(() => this.#world.nextValue())
    this.#clock.takeGiven()
    if (isStock) writeStock(this.replica, real, values)
    else
      this.replica.commit(planAll(real.map((operation, i) => ({ ...operation, value: values[i] ?? null }))))
    const stamps = this.#clock.takeGiven()
    return real.map((operation, i) => this.#record(operation, values[i] ?? '', stamps[i] ?? 0))
  }

  #record({ type, key }: Operation, value: string, stamp: number): Write {
    const { session, n } = this.replica.entry(key)?.dot ?? { session: 0, n: 0 }
    const write = this.#world.causality.record(this.knowledge, { type, key, value, stamp, session, n })
    this.#undrained.push(write)
    return write
  }

  /** A variant deletes in its own way, which leaves by an update of its own. */
  #writeOne(operation: Operation): Write[] {
    if (operation.type === 'set' || !this.#behaviour.delete) return this.write([operation], false)
    this.#collect()
    const update = this.#behaviour.delete(this.replica, operation.key, this.#clock)
    if (!update) return []
    const write = this.#record(operation, '', 0)
    this.#undrained.pop()
    this.#outbox.push(this.#tell(update, [write]))
    return [write]
  }

  /** The broadcasts that are to leave. */
  drain(): Told[] {
    this.#collect()
    this.#log()
    return this.#outbox.splice(0)
  }

  /** What this member believes the time to be. */
  get wall(): number {
    return this.#world.now + this.skewMillis
  }

  /** Events in the log of its disk. */
  get logged(): number {
    return this.#disk.log.length
  }

  /** Whatever was recorded is on the disk, with what this member has seen by then. */
  #log(): void {
    if (this.#records.length === 0) return
    const records = this.#records.splice(0)
    this.#disk.log.push({ records, knowledge: this.knowledge.clone(), digest: this.digest() })
  }

  #collect(): void {
    for (const update of this.replica.exchange.drain())
      this.#outbox.push(this.#tell(update, this.#undrained.splice(0, writesOf(update))))
  }

  #tell(update: Uint8Array, writes: readonly Write[]): Told {
    return {
      frame: frameOf({ origin: String(this.index), epoch: this.life, seq: this.#sent++ }, update),
      writes,
    }
  }

  /** Takes a broadcast; what comes early waits. */
  receive(told: Told): ReceiveResult['type'] {
    this.#told.set(told.frame, told.writes)
    const type = this.#accept(told.frame)
    if (type === 'early')
      this.#holdBack.add({ frame: told.frame, tag: 0, content: 0 }, told.frame.origin, this.#world.now)
    if (type === 'applied') this.#replay()
    this.#log()
    return type
  }

  #replay(): void {
    this.#holdBack.replay(({ frame }) => this.#accept(frame) !== 'early')
  }

  #accept(frame: GossipFrame): ReceiveResult['type'] {
    const { type } =
      this.#behaviour.receive?.(this.replica, updateIn(frame)) ??
      this.replica.exchange.receive(updateIn(frame))
    if (type === 'applied') this.#world.causality.learn(this.knowledge, this.#told.get(frame) ?? [])
    if (type === 'offence') this.#world.fail('A broadcast is refused as malformed')
    return type
  }

  /** Answers a summary. What it tells is what this member has seen now. */
  answer(summary: Uint8Array): Answer | undefined {
    for (const key of this.#world.keys) this.#rewriteIfDue(key)
    const begin = this.#behaviour.answer ?? directly
    const finish = begin(this.replica, summary)
    this.#log()
    return finish && { finish, knowledge: this.knowledge.clone() }
  }

  /** A variant writes an entry anew, for which nobody has asked. */
  #rewriteIfDue(key: string): void {
    const entry = this.replica.entry(key)
    const write = this.visible(key)
    if (!entry || typeof write !== 'object' || !this.#behaviour.rewrites?.(entry, this.wall)) return
    this.replica.commit(planAll([{ type: 'set', key, value: entry.value }]))
    this.#clock.takeGiven()
    this.#world.causality.alias(write, { key, ...(this.replica.entry(key) ?? entry).dot, value: entry.value })
    this.#undrained.push(write)
  }

  /** Takes an answer apart as it is sent: whole, unless a variant does otherwise. */
  parts(difference: Uint8Array): Uint8Array[] {
    return this.#behaviour.parts?.(difference) ?? [difference]
  }

  /** Merges the parts that came; `knowledge` is that of the answerer when all of them did. */
  merge(parts: readonly Uint8Array[], knowledge: Knowledge | undefined): ReceiveResult['type'][] {
    const { causality } = this.#world
    const types = parts.map((part) => this.#mergePart(part))
    if (knowledge && types.every((type) => type === 'applied')) causality.unite(this.knowledge, knowledge)
    else
      parts.forEach((part, i) => {
        if (types[i] === 'applied') causality.learn(this.knowledge, this.#writesIn(part))
      })
    this.#replay()
    this.#log()
    return types
  }

  #mergePart(part: Uint8Array): ReceiveResult['type'] {
    const { type } = mergeDifference(this.replica.exchange, part)
    if (type === 'offence') this.#world.fail('A difference is refused as malformed')
    return type
  }

  /** The live writes in the runs of a difference; all else comes with the knowledge of the answerer. */
  #writesIn(difference: Uint8Array): Write[] {
    const decoded = decodeDifference(difference)
    if ('type' in decoded) return []
    const { causality } = this.#world
    return decoded.runs.flatMap(({ entries }) => entries.flatMap((entry) => causality.named(entry) ?? []))
  }

  digest(): string {
    return (this.#behaviour.digest?.(this.replica) ?? this.replica.exchange.digest()).join()
  }

  compact(): boolean {
    if (this.#behaviour.compact) return this.#behaviour.compact(this.replica)
    const { doc } = this.replica
    return compact(doc, [doc.getMap('usr'), doc.getMap('sys')])
  }

  /** Writes a checkpoint, which now and then takes the place of the log. */
  save(): void {
    const { replica, knowledge } = this
    replica.exchange.seal()
    this.#log()
    const checkpoint = replica.exchange.checkpoint()
    const saved = { checkpoint, knowledge: knowledge.clone(), session: replica.session }
    this.saved.push(saved)
    if (this.#world.random() < 0.5) this.#disk = { snapshot: saved, log: [] }
  }

  /** Has a past, of which nothing is judged. */
  begin(checkpoint: Uint8Array): void {
    this.replica.exchange.restore(checkpoint)
    this.#disk = {
      snapshot: { checkpoint, knowledge: new Knowledge(), session: this.replica.session },
      log: [],
    }
  }

  /** Dies, and starts again from a checkpoint, however old, or from nothing. */
  restart(saved?: Saved): void {
    this.#rise(saved)
    this.#disk = { snapshot: saved, log: [] }
  }

  /** Dies, and starts again from its disk, of whose log so many events are there. */
  restartFromLog(count: number): void {
    const { snapshot, log } = this.#disk
    const kept = log.slice(0, count)
    this.#rise(snapshot)
    const failed = this.replica.exchange.replay(kept.flatMap(({ records }) => records))
    const last = kept.at(-1)
    if (last) this.knowledge = last.knowledge.clone()
    if (failed > 0 || (last && last.digest !== this.digest())) this.#mismatched(failed)
    this.#records = []
    this.#disk = { snapshot, log: kept }
  }

  #mismatched(failed: number): void {
    this.#world.mismatched += 1
    this.#world.note(
      [this.index],
      () => `${this.index} came back with something else, ${failed} records failed`,
    )
  }

  #rise(saved: Saved | undefined): void {
    this.replica.destroy()
    this.life += 1
    this.#records = []
    const reuse = this.#world.variant.reusesSession ? saved?.session : undefined
    this.replica = this.#start(reuse ?? random53(this.#world.random), reuse)
    this.knowledge = saved?.knowledge.clone() ?? new Knowledge()
    if (saved && this.replica.exchange.restore(saved.checkpoint).type !== 'applied')
      this.#world.fail('A checkpoint is refused')
  }

  /** The write behind what is visible under a key. */
  visible(key: string): Write | 'unknown' | undefined {
    const entry = this.replica.entry(key)
    if (!entry) return undefined
    return this.#world.causality.named({ key, ...entry.dot, value: entry.value }) ?? 'unknown'
  }
}
