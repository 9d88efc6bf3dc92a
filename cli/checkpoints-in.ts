/** The checkpoints in a data folder that no member uses at the moment. */
import { stat } from 'node:fs/promises'
import { shown, UsageError } from '../src/base/errors.js'
import type { Checkpoints, Persistence } from '../src/index.js'

/**
 * Opens the folder as a member without a network: a restore is written to it, and spreads when the member that it
 * belongs to starts again. @throws UsageError ERR_OPTION_INVALID; StorageError ERR_DATA_LOCKED, ERR_DATA_CORRUPT
 */
export async function checkpointsIn(
  folder: string,
  secret: string | undefined,
): Promise<{ checkpoints: Checkpoints; close: () => Promise<void> }> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw noFolder(folder)
  const { filePersistence } = await import('../src/node.js')
  const { createTestCluster } = await import('../src/testing.js')
  const cluster = await createTestCluster({ members: 0, time: 'real' })
  const inner = filePersistence(folder)
  const persistence: Persistence = {
    ...(inner.checkpoints && { checkpoints: inner.checkpoints }),
    open: () => inner.open(),
    // A visit does not change who the member of this folder is.
    saveIdentity: async () => undefined,
    append: (records) => inner.append(records),
    snapshot: (content) => inner.snapshot(content),
    close: () => inner.close(),
  }
  const store = await cluster.add({ persistence, ...(secret === undefined ? {} : { secret }) })
  return { checkpoints: store.checkpoints, close: () => cluster.close() }
}

function noFolder(folder: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `There is no folder ${shown(folder)}`, {
    why: 'Checkpoints lie in the data folder of a member',
    fix: 'Name the folder that the member was started with, or leave --data out to ask a running member',
  })
}
