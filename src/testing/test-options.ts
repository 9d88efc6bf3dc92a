/** Checks what the user of a test cluster hands in: a fault that cannot be would make a test that shows nothing. */
import { shown, UsageError } from '../base/errors.js'
import type { MemoryConditions } from '../mesh/memory/memory-network.js'

/** How the network between the stores behaves. */
export interface TestConditions {
  /** One-way delay in milliseconds: one number, or a range to draw from for each frame (jitter). Default 10 to 50. */
  latencyMillis?: number | readonly [number, number]
  /** The share of frames that are lost once and sent again 400 ms later, with everything behind them. Default 0. */
  loss?: number
  /** The share of broadcasts (writes, presence, news of members) that come twice over a link. Default 0. */
  duplication?: number
  /** The share of broadcasts that are overtaken by what their link carries in the next 100 ms. Default 0. */
  reordering?: number
  /** How long a dial takes. Default 5. */
  dialMillis?: number
  /** The share of dials that fail although the member is there. Default 0. */
  dialFailure?: number
}

type Check = readonly [fits: (value: unknown) => boolean, expected: string]

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isMillis = (value: unknown): value is number => isNumber(value) && value >= 0
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isRange = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every(isMillis) && Number(value[0]) <= Number(value[1])

const SHARE: Check = [(value) => isMillis(value) && value <= 1, 'a share from 0 to 1']
export const MILLIS: Check = [isMillis, 'milliseconds from 0 on']
export const JUMP: Check = [isNumber, 'milliseconds, ahead or back']
export const STORES: Check = [Array.isArray, 'an array of stores']
export const FLAG: Check = [(value) => typeof value === 'boolean', 'true or false']
export const SPEED: Check = [
  (value) => isMillis(value) && value > 0,
  'bytes per second above 0, or undefined',
]

export const CONDITIONS: Readonly<Record<string, Check>> = {
  latencyMillis: [(value) => isMillis(value) || isRange(value), 'milliseconds from 0 on, or [least, most]'],
  loss: SHARE,
  duplication: SHARE,
  reordering: SHARE,
  dialMillis: MILLIS,
  dialFailure: SHARE,
}

export const CLUSTER: Readonly<Record<string, Check>> = {
  ...CONDITIONS,
  seed: [Number.isSafeInteger, 'an integer'],
  members: [isWhole, 'an integer from 0 on'],
  time: [(value) => value === 'virtual' || value === 'real', "'virtual' or 'real'"],
  store: [
    (value) => typeof value === 'function' || isObject(value),
    'options, or a function that returns them',
  ],
}

/** @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN */
export function checkAll(options: object, checks: Readonly<Record<string, Check>>): void {
  if (!isObject(options)) throw invalid('options', options, 'an object')
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) throw unknown(name, Object.keys(checks))
    if (value !== undefined) checkOne(name, value, check)
  }
}

/** What the cluster gives its stores, and nobody else. */
const OF_CLUSTER: readonly string[] = ['transport', 'signaling', 'autoStart', 'webrtc']

/** Options of one store. @throws UsageError ERR_OPTION_INVALID */
export function checkStore(options: object): void {
  checkOne('store', options, [isObject, 'options, or a function that returns them'])
  for (const name of OF_CLUSTER)
    if (Object.hasOwn(options, name))
      throw invalid(`store.${name}`, Reflect.get(options, name), 'left out: the cluster chooses it')
}

/** What `until` waits for. A promise is no answer: it would count as true. @throws UsageError ERR_OPTION_INVALID */
export function checkAnswer(answer: unknown): void {
  if (answer instanceof Promise)
    throw invalid('what until() waits for', answer, 'told at once, not by a promise')
}

/** @throws UsageError ERR_OPTION_INVALID */
export function checkOne(name: string, value: unknown, [fits, expected]: Check): void {
  if (!fits(value)) throw invalid(name, value, expected)
}

/** The same for the network in memory. */
export function conditionsOf({ latencyMillis, ...others }: TestConditions): MemoryConditions {
  const { loss, duplication, reordering, dialMillis, dialFailure } = others
  const range = typeof latencyMillis === 'number' ? ([latencyMillis, latencyMillis] as const) : latencyMillis
  return {
    ...(range && { delayMillis: range }),
    ...(loss !== undefined && { loss }),
    ...(duplication !== undefined && { duplication }),
    ...(reordering !== undefined && { reordering }),
    ...(dialMillis !== undefined && { dialMillis }),
    ...(dialFailure !== undefined && { dialFailure }),
  }
}

/** A store that the cluster does not hold, or does no longer. */
export function notAMember(seed: number): UsageError {
  return new UsageError('ERR_MEMBER_UNKNOWN', `The test cluster of seed ${seed} has no such open store`, {
    why: 'It is of another cluster, or was closed or crashed; restart() returns a new store',
    fix: 'Pass one of cluster.members',
  })
}

/** A store that cannot be started again. */
export function notRestartable(seed: number): UsageError {
  return new UsageError(
    'ERR_MEMBER_UNKNOWN',
    `The test cluster of seed ${seed} has no such store to restart`,
    {
      why: 'It is still open, or of another cluster',
      fix: 'Pass a store of this cluster that was crashed or closed',
    },
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(name: string, value: unknown, expected: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `${name} of the test cluster is ${shown(value)}`, {
    why: `It has to be ${expected}`,
  })
}

function unknown(name: string, known: readonly string[]): UsageError {
  return new UsageError('ERR_OPTION_UNKNOWN', `A test cluster has no option ${shown(name)}`, {
    fix: `Use one of: ${known.join(', ')}`,
  })
}
