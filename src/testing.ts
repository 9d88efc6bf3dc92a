/**
 * gossip-kv/testing: real stores in one process, over a network in memory that can delay, lose and split, in time
 * that passes only when told to. The same seed gives the same run.
 *
 * @example
 * const cluster = await createTestCluster({ seed: 7, members: 5 })
 * const [ada, bob] = cluster.members
 * ada.usr.set('greeting', 'hello')
 * await cluster.until(() => bob.usr.get('greeting') === 'hello')
 * cluster.partition([ada], cluster.members.slice(1))
 * await cluster.advance(60_000)
 * cluster.heal()
 * await cluster.settle()
 * await cluster.close()
 */
import { RunningCluster } from './testing/running-cluster.js'
import type { TestCluster, TestClusterOptions } from './testing/test-cluster.js'
import { CLUSTER, checkAll } from './testing/test-options.js'

export { type PersistencePlace, persistenceContract, type TestRunner } from './data/persistence/contract.js'
export type { TestCluster, TestClusterOptions, TestStoreOptions } from './testing/test-cluster.js'
export type { TestConditions } from './testing/test-options.js'

/**
 * Makes a cluster whose members know each other and are in sync.
 * @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  checkAll(options, CLUSTER)
  // What stores load at its first use would come at another virtual time in each run.
  await Promise.all([
    import('./store/status/replicated.js'),
    import('./store/checkpoints/checkpoint-book.js'),
  ])
  const cluster = new RunningCluster(options)
  const { members = 3 } = options
  for (let index = 0; index < members; index++) await cluster.add()
  await cluster.settle()
  return cluster
}
