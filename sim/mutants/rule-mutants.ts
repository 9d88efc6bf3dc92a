/** Mutants that merge by other rules than the design's. */
import type { DottedMap } from '../../src/data/replica/dotted-map.js'
import type { Incoming, Kill, Run } from '../../src/data/replica/incoming.js'
import { type MergeRules, RuledMap } from '../oracle/ruled-map.js'
import type { Behaviour, Variant } from '../oracle/variant.js'
import type { Mutant } from './mutant.js'

function ruled(name: string, rules: () => MergeRules): Variant {
  return { name, behaviour: () => ({ map: new RuledMap(rules()) }) }
}

const noStamp: Mutant = {
  variant: {
    ...ruled('no stamp', () => ({
      wins: (a, b) => (a.session === b.session ? a.n > b.n : a.session > b.session),
    })),
    // Measured by its own order: what is caught is the harm, not the other winner.
    order: (a, b) => (a.session === b.session ? a.n > b.n : a.session > b.session),
  },
  breaks: 'an overwrite loses against what its victim had beaten elsewhere; both die when the members meet',
  workload: 'small',
}

const gapsAccepted: Mutant = {
  variant: ruled('gaps accepted', () => ({ isReady: () => true })),
  breaks: 'writes that were skipped count as known, so they are dead when they come',
  workload: 'default',
}

const deadForgotten: Mutant = {
  variant: ruled('dead dots ahead of the context forgotten', () => ({
    isReady: (map, { runs }) => runs.every((run) => run.start <= map.known(run.session)),
  })),
  breaks: 'a write that was overwritten comes after its overwrite, and lives',
  workload: 'small',
}

const deadInCloud: Mutant = {
  variant: ruled('dead dots ahead of the context kept in a cloud', () => {
    const cloud = new Set<string>()
    return {
      isReady(map, incoming) {
        if (!incoming.runs.every((run) => run.start <= map.known(run.session))) return false
        for (const kill of incoming.kills) keepAhead(map, kill, cloud)
        for (const run of incoming.runs) dropLive(run, ({ session, n }) => cloud.has(`${session}:${n}`))
        return true
      },
    }
  }),
  breaks: 'the cloud is in no summary: others learn of the overwrite without the death',
  workload: 'small',
}

function keepAhead(map: DottedMap, { session, ranges }: Kill, cloud: Set<string>): void {
  for (let i = 0; i < ranges.length; i += 2)
    for (let n = Math.max(ranges[i] ?? 0, map.known(session)); n < (ranges[i + 1] ?? 0); n++)
      cloud.add(`${session}:${n}`)
}

function dropLive(run: Run, isDead: (dot: { session: number; n: number }) => boolean): void {
  run.entries = run.entries.filter((entry) => !isDead(entry))
}

const gapInPart: Mutant = {
  variant: { name: 'a gap applied in part', behaviour: partly },
  breaks: 'a death is applied and its killer is not: the key is lost when the killer does not come',
  workload: 'default',
}

/** Kills what it can, and keeps the rest of the update for later. */
function partly(): Behaviour {
  let isPart = false
  const map = new RuledMap({
    isReady(map, incoming) {
      if (map.follows(incoming)) return true
      isPart = true
      keepReady(map, incoming)
      return true
    },
  })
  return {
    map,
    receive(replica, update) {
      isPart = false
      const result = replica.exchange.receive(update)
      return isPart ? { type: 'early' } : result
    },
  }
}

function keepReady(map: DottedMap, incoming: Incoming): void {
  const runs = incoming.runs.filter((run) => run.start <= map.known(run.session))
  const kills = incoming.kills.filter(({ session, ranges }) => (ranges.at(-1) ?? 0) <= map.known(session))
  Object.assign(incoming, { runs, kills })
}

const noBeaten: Mutant = {
  variant: ruled('beaten dots not remembered', () => ({ forgetsBeaten: true })),
  breaks: 'an overwrite does not kill what its victim had beaten, which lives on elsewhere',
  workload: 'small',
}

/** Mutants of the rules. */
export const RULE_MUTANTS: readonly Mutant[] = [
  noStamp,
  gapsAccepted,
  deadForgotten,
  deadInCloud,
  gapInPart,
  noBeaten,
]
