/** The page's side of mesh.test.ts: one member, which the test asks by its name in the window. */
import { type MeshView, openMeshMember } from '../../bench/mesh-member.js'

declare global {
  interface Window {
    openMeshMember(cluster: string, signaling: string): void
    meshMember: {
      view(): MeshView
      set(key: string, value: string): void
      get(key: string): unknown
    }
  }
}

window.openMeshMember = (cluster, signaling) => {
  const { store, view } = openMeshMember(cluster, signaling)
  window.meshMember = {
    view,
    set: (key, value) => store.usr.set(key, value),
    get: (key) => store.usr.get(key),
  }
}
