/** The members of this library in `bench/mesh-webrtc.ts`: so many in one process, over @roamhq/wrtc. */
import { createSignalingServer } from '../signaling-server/server.js'
import { openMeshMember } from './mesh-member.js'
import { type TrialMember, trial } from './mesh-trial.js'

const [size = 10, writes = 50, formMillisMax = 90_000] = process.argv.slice(2).map(Number)
const signaling = await createSignalingServer()
const opened = Array.from({ length: size }, () => openMeshMember('bench', signaling.url))
const members = opened.map(({ store, view }): TrialMember => {
  const { usr } = store
  return {
    set: (key, value) => usr.set(key, value),
    has: (key) => usr.has(key),
    whenHas: (key, then) => {
      const stop = usr.subscribe(key, () => {
        stop()
        then()
      })
    },
    links: () => store.status.links,
    counts: () => view().counts,
  }
})
process.send?.((await trial(members, writes, formMillisMax)) ?? null)
process.exit()
