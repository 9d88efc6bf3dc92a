/**
 * One run of the causal oracle: real replicas under partitions, loss, reordering, duplication, clocks that are
 * off, crashes with restores of old checkpoints, aborted syncs and stock writes; then everything heals, all sync,
 * and the oracle judges each key. Everything follows from the seed.
 */
import { type Random, randomInteger, sample, seededRandom } from '../../base/random.js'
import { encodeSummary } from '../../replica/difference.js'
import { DottedMap } from '../../replica/dotted-map.js'
import type { Replica } from '../../replica/replica.js'
import { ballast } from './ballast.js'
import { Knowledge } from './causality.js'
import { type Answer, OracleMember, type Told } from './member.js'
import { type Action, drawAction, drawProfile, type Profile, WORKLOADS, type Workload } from './profile.js'
import { NO_VARIANT, type Variant } from './variant.js'
import { World } from './world.js'

export interface OracleOptions {
  seed: number
  /** Default: `default`. */
  workload?: Workload
  /** Default: the library as it is. */
  variant?: Variant
  /** How a stock Yjs reads the outcome; left out, it is not compared. */
  stock?: Stock
  /** Called with each thing that happens. */
  print?: (line: string) => void
}

/** A Yjs that knows nothing of this library. */
export interface Stock {
  /** What `usr` holds in an empty document that was given this checkpoint. */
  open(checkpoint: Uint8Array): unknown
  /** What `usr` holds in an empty document that was given all of this one. */
  copy(doc: Replica['doc']): unknown
}

/** What a run came to. */
export interface OracleResult {
  seed: number
  keys: number
  /** Keys that are absent although a set stands. */
  lost: number
  /** Keys that show what was overwritten. */
  stale: number
  /** Keys on which members differ, at last; one for a digest or a document that differs. */
  diverged: number
  /** Keys that show a set that had lost against a concurrent one. */
  misjudged: number
  /** What no run may do. */
  failures: readonly string[]
  writes: number
  /** Of everything that happened. */
  hash: number
}

type Message =
  | { type: 'update'; from: number; to: number; told: Told }
  | { type: 'summary'; from: number; to: number; life: number; summary: Uint8Array }
  | { type: 'finish'; from: number; to: number; life: number; answer: Answer }
  | { type: 'answer'; from: number; to: number; life: number; parts: Uint8Array[]; knowledge: Knowledge }

const MESSAGES_MAX = 300
const ROUNDS_MAX = 24
const HOUR = 3_600_000

/** Runs one seed. */
export function runOracle(options: OracleOptions): OracleResult {
  return new OracleRun(options).run()
}

class OracleRun {
  readonly #options: OracleOptions
  readonly #random: Random
  readonly #profile: Profile
  readonly #world: World
  readonly #members: OracleMember[] = []
  #messages: Message[] = []

  constructor(options: OracleOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#profile = drawProfile(this.#random, WORKLOADS[options.workload ?? 'default'])
    this.#world = new World(this.#random, options.variant ?? NO_VARIANT, this.#profile.keys, options.print)
    for (let index = 0; index < this.#profile.members; index++) this.#members.push(this.#member(index))
  }

  #member(index: number): OracleMember {
    const member = new OracleMember(this.#world, index)
    member.skewMillis = this.#skew()
    if (this.#profile.ballast !== 'none') member.replica.restore(ballast(this.#profile.ballast))
    return member
  }

  run(): OracleResult {
    this.#world.note(JSON.stringify(this.#profile))
    for (let step = 0; step < this.#profile.stepCount; step++) {
      this.#world.now += randomInteger(this.#random, 50)
      this.#act(drawAction(this.#random, this.#profile), this.#anyone())
    }
    this.#heal()
    const result = this.#judge()
    for (const { replica } of this.#members) replica.destroy()
    return result
  }

  #act(action: Action, member: OracleMember): void {
    switch (action) {
      case 'write':
        return this.#write(member)
      case 'drain':
        return this.#broadcast(member)
      case 'deliver':
        return this.#deliver()
      case 'sync':
        return this.#ask(member, this.#anyone())
      case 'partition':
        return this.#partition()
      case 'heal':
        return this.#reunite()
      case 'save':
        return this.#save(member)
      case 'crash':
        return this.#crash(member)
      case 'compact':
        return this.#world.note(`${member.index} compacts: ${member.compact()}`)
      case 'jump':
        return this.#jump(member)
      case 'forge':
        return this.#forge(member)
      case 'wait':
        this.#world.now += randomInteger(this.#random, 60_000)
        return
      default:
        return action satisfies never
    }
  }

  #anyone(): OracleMember {
    return this.#at(randomInteger(this.#random, this.#members.length))
  }

  #at(index: number): OracleMember {
    const member = this.#members[index]
    if (!member) throw new Error(`There is no member ${index}`)
    return member
  }

  #skew(): number {
    const { skewMillis } = this.#profile
    return Math.round((2 * this.#random() - 1) * skewMillis)
  }

  #write(member: OracleMember): void {
    const count = this.#random() < 0.15 ? 2 + randomInteger(this.#random, 2) : 1
    const { deletes, focus } = this.#profile
    const keys = sample(this.#random, this.#world.keys, count)
    if (this.#random() < focus) keys.splice(0, keys.length, 'k0')
    const operations = keys.map((key) => ({
      type: this.#random() < deletes ? ('delete' as const) : ('set' as const),
      key,
    }))
    const writes = member.write(operations, this.#random() < 0.1)
    for (const { id, key, type, value, past } of writes)
      this.#world.note(`${member.index} writes #${id} ${type} ${key} ${value} over ${past.pick(past, [])}`)
  }

  #broadcast(member: OracleMember): void {
    for (const told of member.drain()) {
      this.#world.note(`${member.index} tells ${told.writes.map(({ id }) => `#${id}`)}`)
      for (const { index } of this.#members)
        if (index !== member.index) this.#send({ type: 'update', from: member.index, to: index, told })
    }
  }

  #send(message: Message): void {
    this.#messages.push(message)
    if (this.#messages.length > MESSAGES_MAX) this.#messages.splice(randomInteger(this.#random, MESSAGES_MAX), 1)
  }

  #deliver(): void {
    if (this.#messages.length === 0) return
    const { isOrdered, loss, duplication } = this.#profile
    const index = isOrdered ? 0 : randomInteger(this.#random, this.#messages.length)
    const message = this.#messages[index]
    if (!message) return
    const isCopied = message.type === 'update' && this.#random() < duplication
    if (!isCopied) this.#messages.splice(index, 1)
    const isReachable = this.#at(message.from).group === this.#at(message.to).group
    if (isReachable && this.#random() >= loss) this.#arrive(message)
  }

  #arrive(message: Message): void {
    const member = this.#at(message.to)
    if (message.type === 'update') {
      const result = member.receive(message.told)
      const writes = message.told.writes.map(({ id }) => `#${id}`)
      return this.#world.note(`${message.to} hears ${writes} of ${message.from}: ${result}`)
    }
    if (message.type === 'summary') return this.#answer(member, message)
    if (message.type === 'finish') return this.#finish(message)
    if (message.life !== member.life) return
    this.#take(member, message)
  }

  #ask(asker: OracleMember, answerer: OracleMember): void {
    if (asker === answerer) return
    const { index: from, life, replica } = asker
    this.#world.note(`${from} asks ${answerer.index}`)
    this.#send({ type: 'summary', from, to: answerer.index, life, summary: replica.summary() })
  }

  #answer(answerer: OracleMember, { from, life, summary }: Message & { type: 'summary' }): void {
    const answer = answerer.answer(summary)
    if (!answer) return this.#world.fail('A summary is refused')
    const finish: Message = { type: 'finish', from: answerer.index, to: from, life, answer }
    this.#world.note(`${answerer.index} answers ${from}`)
    // Only a variant takes its time to answer.
    if (this.#world.variant.answersLate) this.#send(finish)
    else this.#finish(finish)
  }

  #finish({ from, to, life, answer }: Message & { type: 'finish' }): void {
    const difference = answer.finish()
    if (!difference) return
    const parts = this.#at(from).parts(difference)
    this.#send({ type: 'answer', from, to, life, parts, knowledge: answer.knowledge })
  }

  /** An aborted sync leaves nothing behind: what came of it is thrown away, unless a variant applies it. */
  #take(asker: OracleMember, { from, parts, knowledge }: Message & { type: 'answer' }): void {
    const isAborted = this.#random() < this.#profile.abortion
    const come = isAborted ? parts.slice(0, randomInteger(this.#random, parts.length)) : parts
    const results = asker.merge(come, isAborted ? undefined : knowledge)
    this.#world.note(`${asker.index} takes the answer of ${from}: ${isAborted ? 'aborted' : ''} ${results}`)
  }

  #partition(): void {
    const groups = 2 + randomInteger(this.#random, 2)
    // Often one member alone is away.
    const alone = this.#random() < 0.5 ? this.#anyone() : undefined
    for (const member of this.#members) {
      if (!alone) member.group = randomInteger(this.#random, groups)
      else if (member === alone) member.group = 10 + member.index
    }
    this.#world.note(`groups ${this.#members.map(({ group }) => group)}`)
  }

  #reunite(): void {
    for (const member of this.#members) member.group = 0
    this.#world.note('no groups')
  }

  #save(member: OracleMember): void {
    member.save()
    this.#world.note(`${member.index} saves checkpoint ${member.saved.length - 1}`)
  }

  /** The checkpoint may be any that this member ever wrote, or its disk is empty. */
  #crash(member: OracleMember): void {
    const index = randomInteger(this.#random, member.saved.length + 1)
    const saved = member.saved[index]
    member.restart(saved)
    this.#world.note(`${member.index} restarts from ${saved ? `checkpoint ${index}` : 'nothing'}`)
  }

  #jump(member: OracleMember): void {
    const isFar = this.#profile.isWild && this.#random() < 0.5
    member.skewMillis = isFar ? Math.round((2 * this.#random() - 1) * HOUR) : this.#skew()
    this.#world.note(`the clock of ${member.index} is off by ${member.skewMillis}`)
  }

  /** A liar claims to know everything, and that entries were refused; nobody is to be moved by it. */
  #forge(member: OracleMember): void {
    const map = new DottedMap()
    for (const { replica } of this.#members) map.advance(replica.session, 2 ** 40)
    const refused = this.#world.keys.flatMap((key) => member.replica.entry(key)?.dot ?? [])
    if (!member.replica.difference(encodeSummary(map, refused))) this.#world.fail('A summary is refused')
    this.#world.note(`a liar asks ${member.index}`)
  }

  /** All clocks right, all links up, half of what was under way arrives; then pairs sync until nobody differs. */
  #heal(): void {
    this.#reunite()
    for (const member of this.#members) member.skewMillis = this.#skew()
    for (const member of this.#members) this.#broadcast(member)
    for (const message of this.#messages.splice(0)) if (this.#random() < 0.5) this.#arrive(message)
    this.#messages = []
    for (let round = 0; round < ROUNDS_MAX && !this.#isInSync(); round++) {
      this.#world.now += 1_000
      for (const member of sample(this.#random, this.#members, this.#members.length))
        this.#syncBoth(member, this.#anyone())
    }
  }

  #isInSync(): boolean {
    const digest = this.#members[0]?.digest()
    return this.#members.every((member) => member.digest() === digest)
  }

  #syncBoth(a: OracleMember, b: OracleMember): void {
    if (a === b || a.digest() === b.digest()) return
    this.#syncFully(a, b)
    this.#syncFully(b, a)
  }

  #syncFully(asker: OracleMember, answerer: OracleMember): void {
    const answer = answerer.answer(asker.replica.summary())
    const difference = answer?.finish()
    if (!answer || !difference) return this.#world.fail('A summary is refused')
    const results = asker.merge(answerer.parts(difference), answer.knowledge)
    this.#world.note(`${asker.index} syncs with ${answerer.index}: ${results}`)
  }

  #judge(): OracleResult {
    const { seed } = this.#options
    const { keys, failures, causality } = this.#world
    const result = { seed, keys: keys.length, lost: 0, stale: 0, diverged: 0, misjudged: 0 }
    const all = new Knowledge()
    for (const { knowledge } of this.#members) causality.unite(all, knowledge)
    for (const key of keys) {
      const visible = new Set(this.#members.map((member) => member.visible(key)))
      const verdict = visible.size > 1 ? 'diverged' : causality.verdict(all, key, [...visible][0])
      if (verdict) result[verdict]++
      if (verdict) this.#world.note(`${key} is ${verdict}: ${this.#described(all, key)}`)
    }
    if (result.diverged === 0 && this.#differs()) result.diverged++
    this.#world.note(this.#members.map(({ replica }) => replica.digest().join()).join(' '))
    return { ...result, failures, writes: causality.writes.length, hash: this.#world.hash }
  }

  #described(all: Knowledge, key: string): string {
    const shown = this.#members.map((member) => {
      const write = member.visible(key)
      return write === undefined || write === 'unknown' ? write : `#${write.id}`
    })
    const standing = this.#world.causality.standing(all, key)
    return `the members show ${shown}, #${standing?.id} stands`
  }

  /** Whether a digest, a document or what a stock Yjs makes of it differs where all values are the same. */
  #differs(): boolean {
    const digests = new Set(this.#members.map(({ replica }) => replica.digest().join()))
    if (digests.size > 1) this.#world.note('digests differ')
    const views = new Set(this.#members.flatMap(({ replica }) => [shown(replica), projected(replica)]))
    if (views.size > 1) this.#world.note('documents differ')
    return digests.size > 1 || views.size > 1 || !this.#isReadableElsewhere(views)
  }

  #isReadableElsewhere(views: ReadonlySet<string>): boolean {
    const { stock } = this.#options
    if (!stock) return true
    return this.#members.every(({ index, replica }) => {
      const isSame = [stock.open(replica.checkpoint()), stock.copy(replica.doc)].every((json) =>
        views.has(sorted(json)),
      )
      if (!isSame) this.#world.note(`a stock Yjs reads the document of ${index} otherwise`)
      return isSame
    })
  }
}

function shown(replica: Replica): string {
  return sorted(Object.fromEntries([...replica.keys()].map((key) => [key, replica.get(key)])))
}

function projected(replica: Replica): string {
  return sorted(replica.doc.getMap('usr').toJSON())
}

/** As text, in order of the keys. */
function sorted(json: unknown): string {
  return JSON.stringify(Object.entries(Object(json)).sort(([a], [b]) => (a < b ? -1 : 1)))
}
