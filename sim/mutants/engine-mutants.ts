/**
 * Deliberately broken engines: the engine of the library with other numbers, with what goes in and comes out edited
 * on its way, or over a replica that lies. The library has no switch for any of it.
 */
import { hash32 } from '../../src/base/bytes.js'
import type { ProtocolConfig } from '../../src/mesh/protocol/config.js'
import { Engine } from '../../src/mesh/protocol/engine.js'
import type { Input, Output } from '../../src/mesh/protocol/step.js'
import type { Claim } from '../../src/mesh/wire/claim.js'
import type { Frame } from '../../src/mesh/wire/frame.js'
import { engineFactory } from '../cluster.js'
import type { Seat, SimReplica } from '../seat.js'

export interface EngineMutant {
  name: string
  /** What goes wrong, in a sentence. */
  breaks: string
  makeEngine(seat: Seat): Engine
}

/** What a mutant changes of one engine. */
interface Edits {
  /** The input to take instead; undefined: none. */
  input?(input: Input, engine: Engine): Input | undefined
  /** The outputs to carry out instead. */
  outputs?(outputs: Output[], input: Input, engine: Engine): Output[]
}

class EditedEngine extends Engine {
  readonly #edits: Edits

  constructor(seat: Seat, edits: Edits) {
    super({ ...seat, topic: 'sim' })
    this.#edits = edits
  }

  override handle(input: Input, now: number): Output[] {
    const { input: edit, outputs } = this.#edits
    const taken = edit ? edit(input, this) : input
    if (taken === undefined) return []
    const made = super.handle(taken, now)
    return outputs ? outputs(made, taken, this) : made
  }
}

function edited(name: string, breaks: string, edits: (seat: Seat) => Edits): EngineMutant {
  return { name, breaks, makeEngine: (seat) => new EditedEngine(seat, edits(seat)) }
}

function configured(name: string, breaks: string, config: Partial<ProtocolConfig>): EngineMutant {
  return { name, breaks, makeEngine: engineFactory(config) }
}

function seated(name: string, breaks: string, change: (seat: Seat) => Partial<Seat>): EngineMutant {
  return { name, breaks, makeEngine: (seat) => engineFactory()({ ...seat, ...change(seat) }) }
}

/** The frame with only those claims that `keeps` lets through. */
function withClaims(frame: Frame, keeps: (claim: Claim) => boolean): Frame {
  if (frame.type !== 'gossip' || frame.body.type !== 'claims') return frame
  return { ...frame, body: { type: 'claims', claims: frame.body.claims.filter(keeps) } }
}

/** Lets only the frames out that `keeps` lets through, and only such claims. */
function sendingOnly(keeps: (frame: Frame) => boolean, keepsClaim: (claim: Claim) => boolean = () => true) {
  return (outputs: Output[]): Output[] =>
    outputs.flatMap((output): Output[] => {
      if (output.type !== 'send') return [output]
      return keeps(output.frame) ? [{ ...output, frame: withClaims(output.frame, keepsClaim) }] : []
    })
}

const noRefutation = edited(
  'no refutation',
  'a member that is doubted once is buried, and stays so',
  ({ id }) => ({
    input(input) {
      if (input.type !== 'frame') return input
      const { frame } = input
      if (frame.type === 'suspect' && frame.id === id) return undefined
      return { ...input, frame: withClaims(frame, (claim) => claim.type !== 'suspect' || claim.id !== id) }
    },
  }),
)

const evictsTheLast = edited(
  'a newcomer takes the place of the oldest link, be it the last',
  'who is evicted knocks elsewhere, and evicts in turn, for ever',
  () => ({
    outputs(outputs, input, engine) {
      if (input.type !== 'frame' || input.frame.type !== 'hello') return outputs
      const [oldest] = engine.view.established()
      if (input.frame.intent === 'accept' || oldest === undefined || oldest.id === input.peer) return outputs
      const frame = { type: 'disconnect', reason: 'evict' } as const
      const farewell: Output = { type: 'send', peer: oldest.id, frame, priority: 0 }
      return [...outputs, farewell, { type: 'disconnect', peer: oldest.id }]
    },
  }),
)

const prunesAlways = edited(
  'every second copy prunes',
  'two races prune a member off together: the first copy came by a link that then prunes as well',
  () => {
    let duplicates = 0
    return {
      outputs(outputs, input, engine) {
        const isSecond = engine.counters.duplicates > duplicates
        duplicates = engine.counters.duplicates
        if (!isSecond || input.type !== 'frame' || input.frame.type !== 'gossip') return outputs
        // Both ends forget the link, as when each prunes the other before it hears of it.
        const { origin, epoch, ownTree } = input.frame
        const tree = ownTree ? hash32(`${origin}:${epoch}`) : 0
        const frame = { type: 'prune', tree } as const
        const prunes = engine.view
          .established()
          .map(({ id }): Output => ({ type: 'send', peer: id, frame, priority: 0 }))
        return [...outputs, ...prunes]
      },
    }
  },
)

const rejoinsOnEvict = edited(
  'dials again the member that ended the link',
  'links that are one too many come back for ever',
  () => ({
    outputs(outputs, input) {
      if (input.type !== 'frame' || input.frame.type !== 'disconnect') return outputs
      return input.frame.reason === 'leave' ? outputs : [...outputs, { type: 'dial', peer: input.peer }]
    },
  }),
)

/** A replica in which one method is another. */
function lying(replica: SimReplica, lies: (replica: SimReplica) => Partial<SimReplica>): SimReplica {
  const told = lies(replica)
  return new Proxy(replica, {
    get(target, name) {
      const value: unknown = Reflect.get(name in told ? told : target, name)
      return typeof value === 'function' ? value.bind(name in told ? told : target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
}

const noHoldBack = seated(
  'early envelopes are dropped',
  'what overtook its predecessor comes by sync only',
  (seat) => ({
    replica: lying(seat.replica, (replica) => ({
      receive(update) {
        const result = replica.receive(update)
        return result.type === 'early' ? { type: 'refused', kind: 'early' } : result
      },
    })),
  }),
)

const mergesLater = seated(
  'merges after it forwards',
  'a member passes on what it can not take itself, and nothing tells that it lacks it',
  (seat) => ({
    replica: lying(seat.replica, (replica) => {
      const waiting: Uint8Array[] = []
      const merge = () => {
        for (const update of waiting.splice(0)) replica.receive(update)
      }
      return {
        receive(update) {
          waiting.push(update)
          return { type: 'applied', news: true }
        },
        summary() {
          merge()
          return replica.summary()
        },
      }
    }),
  }),
)

const noAntiEntropy = edited('digests are not compared', 'what the trees lost is lost', ({ replica }) => ({
  input(input) {
    if (input.type !== 'frame') return input
    const { frame } = input
    if (frame.type === 'heartbeat') return { ...input, frame: { ...frame, digest: replica.digest() } }
    return frame.type === 'digest' ? { ...input, frame: { ...frame, replica: replica.digest() } } : input
  },
}))

/** Edits of inputs and outputs, and lies. */
export const ENGINE_MUTANTS: readonly EngineMutant[] = [
  noRefutation,
  configured('no pause before a suspect is buried', 'two watchers of a stalled link kill', {
    suspicionMinMillis: 0,
    suspicionMaxMillis: 100,
  }),
  configured('no local health', 'in a storm of losses everyone buries everyone', { healthMax: 0 }),
  configured('accuses after a sleep', 'who slept takes all others for dead', {
    sleepMillis: Number.POSITIVE_INFINITY,
  }),
  edited('doubts are not told', 'only its neighbors notice a crash', () => ({
    outputs: sendingOnly(
      ({ type }) => type !== 'suspect',
      ({ type }) => type !== 'suspect',
    ),
  })),
  configured('no lease', 'a member that lost all its watchers lives for ever', {
    leasesSuspected: Number.POSITIVE_INFINITY,
    leasesMissed: Number.POSITIVE_INFINITY,
  }),
  configured('the dead are not remembered', 'an old table brings them back', {
    tombstoneMillis: 0,
  }),
  edited('a goodbye is not flooded', 'a member that leaves is a ghost', () => ({
    outputs: sendingOnly(
      ({ type }) => type !== 'leave',
      ({ type }) => type !== 'leave',
    ),
  })),
  edited('members are not compared', 'news of members that a split swallowed never come', () => ({
    outputs: sendingOnly(({ type }) => type !== 'members'),
  })),
  configured('no re-introduction', 'the halves of a split never meet again', {
    introduceMillis: Number.POSITIVE_INFINITY,
  }),
  configured('no bound on links', 'everyone links to everyone', {
    linksHigh: 64,
    linksLow: 32,
    linksTarget: 32,
    meshOthers: 64,
  }),
  evictsTheLast,
  rejoinsOnEvict,
  prunesAlways,
  edited('no graft', 'what was announced is not asked for', () => ({
    outputs: sendingOnly(({ type }) => type !== 'graft'),
  })),
  noHoldBack,
  mergesLater,
  noAntiEntropy,
  edited('a slow link stays slow', 'no write goes over it any more', () => ({
    input: (input) => (input.type === 'drained' ? undefined : input),
  })),
]
