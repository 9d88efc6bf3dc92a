/** What was written while there were generations is read still: bytes of a member that went through two of them. */

import { expect } from 'chai'
import { planAll } from '../../../src/data/replica/plan.js'
import { NOW, replicaAt, sameData, sync } from './replicas.js'

const USR = { theirs: 'c', k: 2, own: [1, 2], last: true }

/** The state at the end, with its two steps. */
const CHECKPOINT = bytes(
  'AQWbhuCExvP4BgAjAQN1c3IAUYeA+uHzsLABAuuJm7gYAAEAsMzZvyTriZu4GBMCyZPNhdCfhAoCnZ7/k+W/2wECA+Db3c3YpMgEAQAB/OKs9rLn' +
    'ngUBAAHP+5P7w4zyBQIAAigBA3VzcgZ0aGVpcnMCe0MGDDnh9AAwdwFjKAEDdXNyBGxhc3QCe0MGDDnh9AA4eCgBA3VzcgFrAntDBgw54fQAIH0C' +
    'KAEDdXNyA293bgJ7QwYMOeH0ACh1An0BfQIBm4bghMbz+AYBAAE=',
)

/** All that was merged: broadcasts and differences with the number of their generation, and the states where one began. */
const LOG = [
  'gYD64fOwsAEBAuaxzJm1398LACgBA3VzcgRnb25lAntDBgw54fQAAH0BKAEDdXNyBnRoZWlycwJ7QwYMOeH0AAh3AWIA',
  'g4D64fOwsAEBAsmTzYXQn4QKACgBA3VzcgFrAntDBgw54fQAEH0BAAIB5rHMmbXf3wsBAAI=',
  'g4D64fOwsAEAAAF2AQOLxqPQit2rBQAjAQN1c3IAKYOA+uHzsLABAeuJm7gYAAEAAsmTzYXQn4QKAgABAZ2e/5Plv9sBAgEBKAEDdXNyAWsCe0MG' +
    'DDnh9AAQfQEoAQN1c3IGdGhlaXJzAntDBgw54fQACHcBYgGLxqPQit2rBQEAAQ==',
  'hYD64fOwsAEBAqu6nr/PmNkPACgBA3VzcgFrAntDBgw54fQAIH0CKAEDdXNyA293bgJ7QwYMOeH0ACh1An0BfQIByZPNhdCfhAoBAALriZu4GA==',
  'hoD64fOwsAEBAeDb3c3YpMgEACgBA3VzcgZ0aGVpcnMCe0MGDDnh9AAwdwFjAeaxzJm1398LAQIC64mbuBg=',
  'hoD64fOwsAEAAAGtAQEEs9q/xNny6Q0AIwEDdXNyAEaGgPrh87CwAQLriZu4GAABALDM2b8k64mbuBgTAsmTzYXQn4QKAp2e/5Plv9sBAgLg293N' +
    '2KTIBAEAAcvewPH285ALAgACKAEDdXNyBnRoZWlycwJ7QwYMOeH0ADB3AWMoAQN1c3IBawJ7QwYMOeH0ACB9AigBA3VzcgNvd24Ce0MGDDnh9AAo' +
    'dQJ9AX0CAbPav8TZ8ukNAQAB',
  'h4D64fOwsAEBAdy+isSLjOcJACgBA3VzcgRsYXN0AntDBgw54fQAOHgAsMzZvyQ=',
].map(bytes)

function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

describe('What was written while there were generations', () => {
  for (const [name, snapshot, records] of [
    ['a checkpoint', CHECKPOINT, []],
    ['a log', undefined, LOG],
    ['a snapshot and the log before and after it', CHECKPOINT, LOG],
  ] as const)
    it(`is read: ${name}`, () => {
      const replica = replicaAt(9, { wall: () => NOW + 60_000 })
      if (snapshot) expect(replica.exchange.restore(snapshot)).to.deep.equal({ type: 'applied', news: true })
      expect(replica.exchange.replay(records)).to.equal(0)
      expect(replica.doc.getMap('usr').toJSON()).to.deep.equal(USR)
      replica.commit(planAll([{ type: 'set', key: 'k', value: 3 }]))
      const other = replicaAt(10, { wall: () => NOW + 60_000 })
      sync(other, replica)
      expect([sameData(other, replica), other.get('k')]).to.deep.equal([true, 3])
    })
})
