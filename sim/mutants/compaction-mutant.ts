/** The mutant of the compaction: it drops the structs of a deleted key, and forgets the tail in the map. */
import { compact } from '../../src/data/replica/compaction.js'
import type { Replica } from '../../src/data/replica/replica.js'
import type { Mutant } from './mutant.js'

export const COMPACTION_MUTANT: Mutant = {
  variant: {
    name: 'compaction that forgets a deleted tail',
    behaviour: () => ({ compact: compactForgetful }),
  },
  breaks:
    'the next write of the key names a neighbor that no longer exists; a copy of the document lacks the key',
  workload: 'default',
}

function compactForgetful({ doc }: Replica): boolean {
  const usr = doc.getMap<unknown>('usr')
  const deleted = [...usr._map].filter(([, tail]) => tail.deleted)
  const isDone = compact(doc, [usr, doc.getMap('sys')])
  for (const [key, tail] of deleted) usr._map.set(key, tail)
  return isDone
}
