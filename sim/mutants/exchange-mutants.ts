/** Mutants that tell others something else than the design's updates and differences. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { encodeUpdate } from '../../src/data/replica/canonical-update.js'
import { DottedMap } from '../../src/data/replica/dotted-map.js'
import type { Dot, Entry } from '../../src/data/replica/entry.js'
import { decodeEnvelope } from '../../src/data/replica/envelope.js'
import type { Kill, Run } from '../../src/data/replica/incoming.js'
import type { Replica } from '../../src/data/replica/replica.js'
import { millisOf } from '../../src/data/replica/stamp.js'
import type { RecordingClock } from '../oracle/recording-clock.js'
import { RuledMap } from '../oracle/ruled-map.js'
import type { Behaviour } from '../oracle/variant.js'
import { wholeDifference } from '../whole-difference.js'
import { putTogether, takeApart } from './difference-bytes.js'
import type { Mutant } from './mutant.js'

const noEnvelopeClock: Mutant = {
  variant: {
    name: 'no envelope clock',
    behaviour: () => ({
      receive: (replica, update) => replica.exchange.receive(withStampsOnly(update)),
      parts: (difference) => {
        const apart = takeApart(difference)
        return [putTogether({ ...apart, clock: greatestStamp(apart.runs) })]
      },
    }),
  },
  breaks:
    'the dead carry no stamp: a write is stamped earlier than what it causally follows, and loses to it',
  workload: 'small',
}

/** The clock in front becomes what the live entries show. */
function withStampsOnly(update: Uint8Array): Uint8Array {
  const envelope = decodeEnvelope(update)
  if ('type' in envelope) return update
  const decoder = decoding.createDecoder(update)
  decoding.readVarUint(decoder)
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, greatestStamp(envelope.update.runs))
  encoding.writeUint8Array(encoder, update.subarray(decoder.pos))
  return encoding.toUint8Array(encoder)
}

function greatestStamp(runs: readonly Run[]): number {
  return Math.max(0, ...runs.flatMap(({ entries }) => entries.map(({ stamp }) => stamp)))
}

const stateVector: Mutant = {
  variant: {
    name: 'state vector as digest',
    behaviour: () => ({ digest: (replica) => replica.exchange.digest().slice(8) }),
  },
  breaks: 'members that know the same writes and keep different ones never sync',
  workload: 'default',
}

const sessionReused: Mutant = {
  variant: { name: 'session reused after a restore', reusesSession: true, behaviour: () => ({}) },
  breaks: 'two writes bear one name: a member that has the one takes the other for known',
  workload: 'default',
}

const twoVersions: Mutant = {
  variant: {
    name: 'a sync answer put together from two versions',
    answersLate: true,
    behaviour: () => ({
      answer(replica, summary) {
        const first = wholeDifference(replica.exchange, summary)
        return first && (() => olderList(first, wholeDifference(replica.exchange, summary)))
      },
    }),
  },
  breaks: 'the list of live dots is older than the context: what came between counts as dead',
  workload: 'small',
}

function olderList(first: Uint8Array, second: Uint8Array | undefined): Uint8Array {
  return second ? putTogether({ ...takeApart(first), told: takeApart(second).told }) : first
}

const partByPart: Mutant = {
  variant: {
    name: 'a sync applied part by part',
    behaviour: () => ({
      parts(difference) {
        const apart = takeApart(difference)
        const parts = [[], ...apart.runs.map((run) => [run])]
        return parts.map((runs) => putTogether({ ...apart, runs }))
      },
    }),
  },
  breaks: 'an aborted sync leaves deaths without their killers, which are lost when their holder crashes',
  workload: 'default',
}

const deleteWithoutDot: Mutant = {
  variant: { name: 'deletes without a dot', behaviour: undotted },
  breaks: 'nobody can tell that it missed a delete, nor that a write follows one',
  workload: 'small',
}

function undotted(): Behaviour {
  const map = new RuledMap({})
  return { map, delete: (replica, key, clock) => deleteBare(replica, key, clock, map) }
}

/** An update of deaths alone, which the deleter takes as everybody else does. */
function deleteBare(
  replica: Replica,
  key: string,
  clock: RecordingClock,
  map: DottedMap,
): Uint8Array | undefined {
  const dot = replica.entry(key)?.dot
  if (!dot) return undefined
  clock.next(millisOf(clock.last))
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock.last)
  encoding.writeUint8Array(encoder, encodeUpdate([], killsOf([dot, ...beatenOf(map.get(key))])))
  const update = encoding.toUint8Array(encoder)
  return replica.exchange.receive(update).type === 'applied' ? update : undefined
}

function beatenOf(entry: Entry | undefined): Dot[] {
  const { beaten = [] } = entry ?? {}
  return beaten.flatMap((session, i) => (i % 2 === 0 ? [{ session, n: beaten[i + 1] ?? 0 }] : []))
}

function killsOf(dots: readonly Dot[]): Kill[] {
  const bySession = new Map<number, Set<number>>()
  for (const { session, n } of dots) bySession.set(session, (bySession.get(session) ?? new Set()).add(n))
  return [...bySession].map(([session, numbers]) => ({ session, ranges: rangesOf(numbers) }))
}

function rangesOf(numbers: ReadonlySet<number>): number[] {
  const ranges: number[] = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    if (ranges.at(-1) === n) ranges.pop()
    else ranges.push(n)
    ranges.push(n + 1)
  }
  return ranges
}

const loserKept: Mutant = {
  variant: { name: 'loser of a conflict kept', behaviour: keepingLosers },
  breaks: 'the loser is told to newcomers as alive, and stands up again once its winner is gone',
  workload: 'default',
}

/** What lost is told as alive until an update kills it. */
function keepingLosers(): Behaviour {
  const kept = new Map<string, Entry>()
  let isWatched = false
  const map = new RuledMap({
    wins(a, b) {
      const isWon = DottedMap.prototype.wins(a, b)
      const loser = isWon ? b : a
      kept.set(`${loser.session}:${loser.n}`, loser)
      return isWon
    },
    isReady(map, incoming) {
      if (!isWatched) tellAlso(map, kept)
      isWatched = true
      for (const { session, ranges } of incoming.kills)
        for (const entry of [...kept.values()])
          if (entry.session === session && isWithin(ranges, entry.n)) kept.delete(`${session}:${entry.n}`)
      return map.follows(incoming)
    },
  })
  return { map }
}

/** The map names the kept entries among the live ones. */
function tellAlso(map: DottedMap, kept: ReadonlyMap<string, Entry>): void {
  const entries = map.entries.bind(map)
  const liveOf = map.liveOf.bind(map)
  map.entries = function* () {
    yield* entries()
    yield* kept.values()
  }
  map.liveOf = (session, start = 0) => [
    ...liveOf(session, start),
    ...[...kept.values()].filter((entry) => entry.session === session && entry.n >= start),
  ]
}

function isWithin(ranges: readonly number[], n: number): boolean {
  return ranges.some((from, i) => i % 2 === 0 && n >= from && n < (ranges[i + 1] ?? 0))
}

/** Mutants of what is told. */
export const EXCHANGE_MUTANTS: readonly Mutant[] = [
  noEnvelopeClock,
  stateVector,
  sessionReused,
  twoVersions,
  partByPart,
  deleteWithoutDot,
  loserKept,
]
