/** Random histories of whole replicas: whatever is lost, doubled or late, a sync makes them equal. */

import { expect } from 'chai'
import fc from 'fast-check'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import type { Entry } from '../../../src/data/replica/entry.js'
import { decodeEnvelope } from '../../../src/data/replica/envelope.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica } from '../../../src/data/replica/replica.js'
import { replicaAt, sameData, sync } from './replicas.js'

interface Step {
  member: number
  other: number
  key: number
  kind: 'set' | 'delete' | 'hear' | 'sync' | 'compact'
  index: number
}

const history = fc.array(
  fc.record({
    member: fc.nat(2),
    other: fc.nat(2),
    key: fc.nat(2),
    kind: fc.constantFrom<Step['kind']>(
      'set',
      'set',
      'set',
      'delete',
      'hear',
      'hear',
      'hear',
      'sync',
      'compact',
    ),
    index: fc.nat(40),
  }),
  { maxLength: 60 },
)

/** Plays steps; returns the members and all updates. */
function play(steps: readonly Step[]): { members: Replica[]; updates: Uint8Array[] } {
  const members = [replicaAt(1), replicaAt(2), replicaAt(3)]
  const updates: Uint8Array[] = []
  steps.forEach(({ member, other, key, kind, index }, step) => {
    const [a, b] = [members[member], members[other]]
    const update = updates[index % Math.max(1, updates.length)]
    if (!a || !b) return
    if (kind === 'set') a.commit(planAll([{ type: 'set', key: `k${key}`, value: step }]))
    else if (kind === 'delete') a.commit(planAll([{ type: 'delete', key: `k${key}` }]))
    else if (kind === 'hear' && update) a.exchange.receive(update)
    else if (kind === 'sync' && a !== b) sync(a, b)
    else if (kind === 'compact') a.compactIfDue()
    updates.push(...a.exchange.drain())
  })
  return { members, updates }
}

function shown(replica: Replica): Record<string, unknown> {
  return Object.fromEntries([...replica.keys()].sort().map((key) => [key, replica.get(key)]))
}

/** What a fourth member has that syncs with the three, one after the other, when all steps are done. */
function mergedInOrder(steps: readonly Step[], order: readonly number[]): Record<string, unknown> {
  const { members } = play(steps)
  const target = replicaAt(7)
  for (const index of order) {
    const member = members[index]
    if (member) sync(target, member)
  }
  return shown(target)
}

/** Hands all updates to a replica, in an order that `order` draws; what comes early comes again. */
function deliver(updates: readonly Uint8Array[], order: readonly number[], target: Replica): void {
  let waiting = [...updates]
  for (const draw of order) waiting.push(...waiting.splice(draw % Math.max(1, waiting.length), 1))
  while (waiting.length > 0) {
    const early = waiting.filter((update) => target.exchange.receive(update).type === 'early')
    if (early.length === waiting.length) throw new Error('updates stay early')
    waiting = early
  }
}

/** For each key: the greatest set that no update kills, and whether no greater one was killed. */
function standing(
  updates: readonly Uint8Array[],
): Map<string, { survivor: Entry | undefined; isSafe: boolean }> {
  const sets: Entry[] = []
  const killed = new Set<string>()
  for (const update of updates) {
    const envelope = decodeEnvelope(update)
    if ('type' in envelope) throw new Error(envelope.kind)
    for (const run of envelope.update.runs) sets.push(...run.entries)
    for (const { session, ranges } of envelope.update.kills)
      for (let i = 0; i < ranges.length; i += 2)
        for (let n = ranges[i] ?? 0; n < (ranges[i + 1] ?? 0); n++) killed.add(`${session}:${n}`)
  }
  const isKilled = ({ session, n }: Entry) => killed.has(`${session}:${n}`)
  const greatest = (entries: readonly Entry[]) =>
    entries.reduce<Entry | undefined>(
      (best, each) => (best && DottedMap.prototype.wins(best, each) ? best : each),
      undefined,
    )
  return new Map(
    [...new Set(sets.map(({ key }) => key))].map((key) => {
      const ofKey = sets.filter((entry) => entry.key === key)
      const survivor = greatest(ofKey.filter((entry) => !isKilled(entry)))
      const victim = greatest(ofKey.filter(isKilled))
      return [key, { survivor, isSafe: !survivor || !victim || DottedMap.prototype.wins(survivor, victim) }]
    }),
  )
}

/** Syncs until nothing is news: twice around is enough for three. */
function heal(members: readonly Replica[]): void {
  for (let round = 0; round < 2; round++)
    for (const a of members) for (const b of members) if (a !== b) sync(a, b)
}

describe('Replicas with a random history', () => {
  it('are equal after a few syncs, in their digests, their values and their documents', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { members } = play(steps)
        heal(members)
        const first = members[0]
        for (const member of members) {
          expect(first && sameData(first, member)).to.equal(true)
          expect(first && shown(first)).to.deep.equal(shown(member))
          expect(member.doc.getMap('usr').toJSON()).to.deep.equal(shown(member))
        }
      }),
      { numRuns: 150 },
    )
  })

  it('hold the same whatever the order and the grouping, up to sets that lost to a value that was deleted', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(99)), fc.array(fc.nat(99)), (steps, one, other) => {
        const { updates } = play(steps)
        const [a, b] = [replicaAt(7), replicaAt(8)]
        deliver(updates, one, a)
        deliver(updates, other, b)
        // Before they meet: each key that must not depend on the order shows the greatest set that nothing killed.
        for (const [key, { survivor, isSafe }] of standing(updates)) {
          if (!isSafe) continue
          expect(a.get(key), key).to.equal(survivor?.value)
          expect(b.get(key), key).to.equal(survivor?.value)
        }
        sync(a, b)
        sync(b, a)
        expect(shown(a)).to.deep.equal(shown(b))
        expect(sameData(a, b)).to.equal(true)
      }),
      { numRuns: 300 },
    )
  })

  it('have merged what was set associatively: by way of a third one or directly is the same', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const sets = steps.filter(({ kind }) => kind !== 'delete')
        expect(mergedInOrder(sets, [0, 1, 2])).to.deep.equal(mergedInOrder(sets, [2, 0, 1]))
      }),
      { numRuns: 100 },
    )
  })

  it('let a concurrent set go that had lost, before the delete came, to the value that it deletes', () => {
    const at = (kind: Step['kind'], member: number, other = 0) => ({ kind, member, other, key: 0, index: 0 })
    // The set of member 1 wins over that of member 2, which nobody but member 2 has seen.
    const steps = [at('set', 1), at('set', 2), at('sync', 0, 1), at('delete', 1)]
    expect(mergedInOrder(steps, [0, 1, 2])).to.deep.equal({ k0: 1 })
    expect(mergedInOrder(steps, [2, 0, 1])).to.deep.equal({})
  })

  it('learn nothing from updates and differences that they know', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const { members, updates } = play(steps)
        heal(members)
        const [a, b] = members
        if (!a || !b) return
        for (const update of updates)
          expect(a.exchange.receive(update)).to.deep.equal({ type: 'applied', news: false })
        expect(sync(a, b)).to.deep.equal({ type: 'applied', news: false })
      }),
      { numRuns: 100 },
    )
  })
})
