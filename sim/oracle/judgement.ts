/** What is wrong once everything has healed: by key against the oracle, and between members, documents and Yjs. */
import { sample } from '../../src/base/random.js'
import type { Replica } from '../../src/data/replica/replica.js'
import { Knowledge } from './causality.js'
import type { Scene } from './scene.js'
import type { Stock } from './stock.js'

/** What is wrong in a run. */
export interface Judgement {
  /** Keys that are absent although a set stands. */
  lost: number
  /** Keys that show what was overwritten. */
  stale: number
  /** Keys on which members differ at last; one for a digest or a document that differs. */
  diverged: number
  /** Keys that show a set that had lost against a concurrent one. */
  misjudged: number
}

/** Adds to `judgement` what is wrong now. With `stock`, what others read counts as well. */
export function judge(scene: Scene, judgement: Judgement, stock?: Stock): void {
  const { world, members } = scene
  const all = new Knowledge()
  for (const { knowledge } of members) world.causality.unite(all, knowledge)
  world.keys.forEach((key, index) => {
    const visible = new Set(members.map((member) => member.visible(key)))
    const verdict = visible.size > 1 ? 'diverged' : world.causality.verdict(all, key, [...visible][0])
    if (!verdict) return
    judgement[verdict]++
    world.note([index], () => `${key} is ${verdict}: ${described(scene, all, key)}`)
  })
  if (judgement.diverged === 0 && (differs(scene) || !isReadable(scene, stock))) judgement.diverged++
}

function described({ members, world }: Scene, all: Knowledge, key: string): string {
  const shown = members.map((member) => {
    const write = member.visible(key)
    return write === undefined || write === 'unknown' ? String(write) : `#${write.id}`
  })
  const standing = world.causality.standing(all, key)
  return `the members show ${shown}, ${standing ? `#${standing.id}` : 'nothing'} stands`
}

/** Whether digests or documents differ where all values are the same. */
function differs({ members, world }: Scene): boolean {
  const digests = new Set(members.map(({ replica }) => replica.exchange.digest().join()))
  world.note(
    members[0] ? [...members[0].replica.exchange.digest()] : [],
    () => `digests ${[...digests].join(' and ')}`,
  )
  const otherwise = members.filter(({ replica }) => !isProjected(replica)).map(({ index }) => index)
  if (otherwise.length > 0) world.note(otherwise, () => `the documents of ${otherwise} show something else`)
  return digests.size > 1 || otherwise.length > 0
}

/** Whether the document shows exactly what the replica holds. */
function isProjected(replica: Replica): boolean {
  const usr = replica.doc.getMap('usr')
  if (usr.size !== replica.size) return false
  for (const key of replica.keys()) if (usr.get(key) !== replica.get(key)) return false
  return true
}

/** Whether Yjs without the library reads the same. Two members: what a document is like depends on no other. */
function isReadable({ members, world }: Scene, stock: Stock | undefined): boolean {
  if (!stock) return true
  return sample(world.random, members, 2).every(({ index, replica }) => {
    const expected = sorted(replica.doc.getMap('usr').toJSON())
    const isSame = [stock.open(replica.exchange.checkpoint()), stock.copy(replica.doc)].every(
      (json) => sorted(json) === expected,
    )
    if (!isSame) world.note([index], () => `a stock Yjs reads the document of ${index} otherwise`)
    return isSame
  })
}

/** As text, in order of the keys. */
function sorted(json: unknown): string {
  return JSON.stringify(Object.entries(Object(json)).sort(([a], [b]) => (a < b ? -1 : 1)))
}
