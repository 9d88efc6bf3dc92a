/**
 * Hostile bytes by the hundred thousand: honest messages with a few bytes changed, and messages put together from
 * parts that each may be right. Case number i of a seed is always the same, so that a run can go on after a crash.
 */

import { wholeDifference } from '../sim/whole-difference.js'
import { type Random, random53, randomInteger, seededRandom } from '../src/base/random.js'
import { planAll } from '../src/data/replica/plan.js'
import { encodeFrame } from '../src/mesh/wire/codec.js'
import type { Entrance, Scene } from './attack.js'
import { BOUNDARY_CONTENTS, BOUNDARY_NUMBERS } from './boundaries.js'
import { mutated, pick } from './mutation.js'
import { any, dead, float, item, kill, type Part, pack, run, update } from './packing.js'
import { Victim } from './victim.js'

/** Bytes for one way in. */
export interface Case {
  through: Entrance
  bytes: Uint8Array
  /** The update without the sender's clock, for plain Yjs. */
  plain: Uint8Array | undefined
}

interface Message {
  through: Entrance
  /** What stands before the body: the clock of a broadcast. */
  head: Uint8Array
  body: Uint8Array
}

/** Of 20 cases, how many take a mutated message and not one put together. */
const MUTATED_OF_20 = 15
const MUTATIONS_MAX = 4

/** Makes the cases of one seed. */
export class Fuzz {
  readonly #seed: number
  readonly #scene: Scene
  readonly #corpus: readonly Message[]

  constructor(seed: number) {
    this.#seed = seed
    const victim = new Victim()
    this.#scene = victim.scene
    this.#corpus = corpusOf(victim)
  }

  case(index: number): Case {
    const random = seededRandom(this.#seed * 1_000_003 + index)
    const isMutated = randomInteger(random, 20) < MUTATED_OF_20
    return isMutated ? this.#mutated(random) : this.#assembled(random)
  }

  #mutated(random: Random): Case {
    const { through, head, body } = pick(random, this.#corpus)
    let bytes = body
    const mutations = 1 + randomInteger(random, MUTATIONS_MAX)
    for (let i = 0; i < mutations; i++) bytes = mutated(random, bytes, pick(random, this.#corpus).body)
    return caseOf(through, head, bytes)
  }

  #assembled(random: Random): Case {
    const { scene, runs, kills } = {
      scene: this.#scene,
      runs: randomInteger(random, 3),
      kills: randomInteger(random, 3),
    }
    const bytes = update(
      Array.from({ length: runs }, () => assembledRun(random, scene)),
      Array.from({ length: kills }, () => assembledKill(random, scene)),
    )
    const clock = randomInteger(random, 10) === 0 ? pick(random, BOUNDARY_NUMBERS) : scene.clock
    return caseOf('update', pack(clock), bytes)
  }
}

function caseOf(through: Entrance, head: Uint8Array, body: Uint8Array): Case {
  return { through, bytes: pack(head, body), plain: through === 'update' ? body : undefined }
}

/** Honest messages of a friend that knows what the victim knows. */
function corpusOf(victim: Victim): Message[] {
  const friend = new Victim().replica
  friend.exchange.restore(victim.replica.exchange.checkpoint())
  const messages: Message[] = []
  const summary = victim.replica.exchange.summary()
  friend.commit(
    planAll([
      { type: 'set', key: 'own-1', value: { list: [1, 2.5, 'text', null, true], bytes: new Uint8Array(5) } },
    ]),
  )
  friend.commit(planAll([{ type: 'delete', key: 'peer-2' }]))
  broadcast(messages, friend.exchange.drain())
  friend.commit(
    planAll(
      ['a', 'b', 'peer-3', 'peer-4', 'own-5'].map((key, i) => ({ type: 'set', key, value: `${key} ${i}` })),
    ),
  )
  broadcast(messages, friend.exchange.drain())
  friend.commit(planAll([{ type: 'set', key: 'long', value: 'ä'.repeat(300) }]))
  friend.commit(planAll([{ type: 'set', key: 'long', value: [[[]], {}, { a: { b: 1 } }] }]))
  broadcast(messages, friend.exchange.drain())
  const head = new Uint8Array()
  const difference = wholeDifference(friend.exchange, summary)
  if (difference) messages.push({ through: 'difference', head, body: difference })
  messages.push({ through: 'summary', head, body: friend.exchange.summary() })
  messages.push({ through: 'checkpoint', head, body: friend.exchange.checkpoint() })
  return [...messages, ...framesOf(friend.exchange.digest(), summary, messages)]
}

function broadcast(messages: Message[], updates: readonly Uint8Array[]): void {
  for (const bytes of updates) {
    const headBytes = bytes.findIndex((byte) => byte < 128) + 1
    messages.push({ through: 'update', head: bytes.slice(0, headBytes), body: bytes.slice(headBytes) })
  }
}

function framesOf(digest: Uint8Array, summary: Uint8Array, messages: readonly Message[]): Message[] {
  const bytes = messages[0]?.body ?? summary
  return [
    encodeFrame({ type: 'digest', replica: digest, members: 9, ask: true }),
    encodeFrame({ type: 'sync-request', exchange: 5, summary }),
    encodeFrame({ type: 'sync-part', exchange: 5, index: 0, last: false, bytes }),
  ].map((body) => ({ through: 'frame', head: new Uint8Array(), body }))
}

function session(random: Random, { own, peer }: Scene): number {
  switch (randomInteger(random, 5)) {
    case 0:
      return own.session
    case 1:
    case 2:
      return peer.session
    case 3:
      return pick(random, BOUNDARY_NUMBERS)
    default:
      return random53(random)
  }
}

/** Mostly near the end of what is known, where a run may begin. */
function clockNear(random: Random, known: number): number {
  if (randomInteger(random, 8) === 0) return pick(random, BOUNDARY_NUMBERS)
  return Math.max(0, 2 * known + pick(random, [0, 0, 0, 0, 2, -2, 1, -2 * known, -2 * known]))
}

function assembledRun(random: Random, scene: Scene): Uint8Array {
  const structs = Array.from({ length: randomInteger(random, 4) }, () =>
    randomInteger(random, 4) === 0 ? dead(clockNear(random, 1)) : assembledItem(random, scene),
  )
  const count = randomInteger(random, 12) === 0 ? pick(random, BOUNDARY_NUMBERS) : undefined
  return run(session(random, scene), clockNear(random, scene.peer.known), structs, count)
}

function assembledItem(random: Random, { key, stamp }: Scene): Uint8Array {
  const odd = (chance: number) => randomInteger(random, chance) === 0
  const keys: Part[] = [key, 'own-2', 'fresh', 'other']
  return item({
    key: odd(12) ? pick(random, ['', '__proto__', '\u0000x', pack(2 ** 31)]) : pick(random, keys),
    meta: odd(8) ? pick(random, BOUNDARY_CONTENTS) : float(stamp + randomInteger(random, 5000)),
    value: odd(6)
      ? pick(random, BOUNDARY_CONTENTS)
      : any(pick<unknown>(random, [1, 'x', [1], { a: null }, true])),
    ...(odd(15) ? { root: pick(random, ['sys', 'evil', '']) } : {}),
    ...(odd(15) ? { info: randomInteger(random, 256) } : {}),
    ...(odd(20) ? { arity: pick(random, BOUNDARY_NUMBERS) } : {}),
  })
}

function assembledKill(random: Random, scene: Scene): Uint8Array {
  const from = clockNear(random, randomInteger(random, scene.peer.known + 1))
  const length =
    randomInteger(random, 8) === 0 ? pick(random, BOUNDARY_NUMBERS) : 2 * (1 + randomInteger(random, 4))
  return kill(session(random, scene), [from, length])
}
