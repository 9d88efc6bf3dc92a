/** A Node member that its test asks over IPC: `{ ask, call, args }` is answered by `{ ask, result }`. */
import { openMeshMember } from '../../bench/mesh-member.js'

const [cluster = '', signaling = ''] = process.argv.slice(2)
const { store, view } = openMeshMember(cluster, signaling)
const calls: Record<string, (...args: string[]) => unknown> = {
  view,
  set: (key = '', value = '') => store.usr.set(key, value),
  get: (key = '') => store.usr.get(key),
  close: () => store.close().then(() => process.disconnect()),
}

process.on('message', ({ ask, call, args }: { ask: number; call: string; args: string[] }) => {
  process.send?.({ ask, result: calls[call]?.(...args) })
})
// A test that ends without a word takes its members with it.
process.on('disconnect', () => setTimeout(() => process.exit(), 2_000).unref())
