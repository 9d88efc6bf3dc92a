/** What can happen to a member in one step of a run: it writes, dies, is cut off, its clock jumps. */
import { randomInteger, sample } from '../../src/base/random.js'
import { DottedMap } from '../../src/data/replica/dotted-map.js'
import { encodeSummary } from '../../src/data/replica/summary.js'
import type { OracleMember } from './member.js'
import { type Action, drawAction } from './profile.js'
import type { Scene } from './scene.js'
import type { Traffic } from './traffic.js'

const WAIT_MILLIS_MAX = 60_000

/** Lets one thing happen. */
export function step(scene: Scene, traffic: Traffic): void {
  const { world, profile } = scene
  world.now += randomInteger(world.random, 50)
  act(drawAction(world.random, profile), scene.anyone(), scene, traffic)
}

function act(action: Action, member: OracleMember, scene: Scene, traffic: Traffic): void {
  switch (action) {
    case 'write':
      return write(member, scene)
    case 'drain':
      return traffic.broadcast(member)
    case 'deliver':
      return traffic.deliver()
    case 'sync':
      return traffic.ask(member, scene.anyone())
    case 'partition':
      return partition(scene)
    case 'heal':
      return scene.reunite()
    case 'save':
      return member.save()
    case 'crash':
      return crash(member, scene)
    case 'compact':
      return compactNow(member, scene)
    case 'jump':
      return jump(member, scene)
    case 'forge':
      return forge(member, scene)
    case 'wait':
      scene.world.now += randomInteger(scene.world.random, WAIT_MILLIS_MAX)
      return
    default:
      return action satisfies never
  }
}

function write(member: OracleMember, { world, profile }: Scene): void {
  const { random } = world
  const isBatch = random() < 0.15
  const keys = sample(random, world.keys, isBatch ? 2 + randomInteger(random, 2) : 1)
  if (random() < profile.focus) keys.splice(0, keys.length, world.keys[0] ?? '')
  const operations = keys.map((key) => ({
    type: random() < profile.deletes ? ('delete' as const) : ('set' as const),
    key,
  }))
  for (const { id, key, type, value, past } of member.write(operations, random() < 0.1))
    world.note([member.index, id], () => {
      const over = past.pick(past, []).map((seen) => `#${seen}`)
      return `${member.index} writes #${id}: ${type} ${key} ${value} over ${over}`
    })
}

function partition(scene: Scene): void {
  const { members, world } = scene
  const groups = 2 + randomInteger(world.random, 2)
  // Often one member alone is away.
  const alone = world.random() < 0.5 ? scene.anyone() : undefined
  for (const member of members) {
    if (!alone) member.group = randomInteger(world.random, groups)
    else if (member === alone) member.group = 10 + member.index
  }
  world.note([], () => `groups ${members.map(({ group }) => group)}`)
}

/** Its disk is as it was, or was cut short, or is an old copy: any checkpoint that this member ever wrote; or it is empty. */
function crash(member: OracleMember, { world }: Scene): void {
  const index = randomInteger(world.random, member.saved.length + 2) - 1
  const isCut = world.random() < 0.5
  const records = index >= 0 ? 0 : isCut ? randomInteger(world.random, member.logged + 1) : member.logged
  const saved = member.saved[index]
  if (index < 0) member.restartFromLog(records)
  else member.restart(saved)
  const from = index < 0 ? `its log up to ${records}` : saved ? `checkpoint ${index}` : 'nothing'
  world.note([member.index, index, records], () => `${member.index} restarts from ${from}`)
}

function compactNow(member: OracleMember, { world }: Scene): void {
  const isDone = member.compact()
  world.note([member.index, Number(isDone)], () => `${member.index} compacts: ${isDone}`)
}

function jump(member: OracleMember, scene: Scene): void {
  member.skewMillis = scene.skew()
  const { index, skewMillis } = member
  scene.world.note([index, skewMillis], () => `the clock of ${index} is off by ${skewMillis} ms`)
}

/** A liar claims to know everything; nobody is to be moved by it. */
function forge(member: OracleMember, { members, world }: Scene): void {
  const map = new DottedMap()
  for (const { replica } of members) map.advance(replica.session, 2 ** 40)
  if (!member.answer(encodeSummary(map))) world.fail('A summary is refused')
  world.note([member.index], () => `a liar asks ${member.index}`)
}
