/**
 * What an epoch of a run is like, drawn from its seed: how many faults of which kind. Each epoch is strong in a few of them
 * rather than mild in all, which finds more (Groce et al. 2012, "Swarm testing").
 */
import { type Random, randomInteger } from '../../src/base/random.js'

/** How many members and keys, and how long. */
export interface Size {
  members: number
  keys: number
  /** Steps before everything heals and is judged, from and to. */
  steps: readonly [number, number]
  /** How often that happens in one run, each time with other faults. */
  epochs: number
  /** How far clocks may be off in one epoch, in milliseconds either way: one of these. */
  skews: readonly [number, ...number[]]
}

const HOUR_MILLIS = 3_600_000
const SANE_SKEWS = [0, 5, 1_000, 25_000] as const

/** The workloads by name. */
export const WORKLOADS = {
  /** The usual one. */
  default: { members: 8, keys: 6, steps: [60, 200], epochs: 3, skews: SANE_SKEWS },
  /** Few members on few keys: what needs three writes in one order is met more often than among many. */
  small: { members: 4, keys: 1, steps: [20, 80], epochs: 10, skews: SANE_SKEWS },
  /** Clocks that are off by up to an hour, and jump. */
  skewed: { members: 8, keys: 6, steps: [60, 200], epochs: 3, skews: [60_000, 600_000, HOUR_MILLIS] },
  /** The same among few members on one key. */
  'small skewed': { members: 4, keys: 1, steps: [20, 80], epochs: 10, skews: [600_000, HOUR_MILLIS] },
} as const satisfies Record<string, Size>

export type Workload = keyof typeof WORKLOADS

/** The faults of one epoch. Chances are per message or per step. */
export interface Profile {
  stepCount: number
  /** Chance that a message is lost. */
  loss: number
  /** Chance that a delivered message comes again. */
  duplication: number
  /** Chance that a sync answer is lost on its way. */
  abortion: number
  /** Chance that a sync takes no time. */
  quickSyncs: number
  /** Up to how many messages arrive in one step. */
  burst: number
  /** Chance that what is under way when everything heals still arrives. */
  arrival: number
  /** Messages arrive in the order in which they were sent. */
  isOrdered: boolean
  /** How far a clock may be off, in milliseconds, either way. */
  skewMillis: number
  /** How often each action is chosen, relative to each other. */
  weights: Readonly<Record<Action, number>>
  /** Chance that a write is a delete. */
  deletes: number
  /** Chance that a write goes to the first key. */
  focus: number
}

/** What can happen in one step. */
export const ACTIONS = [
  'write',
  'drain',
  'deliver',
  'sync',
  'partition',
  'heal',
  'save',
  'crash',
  'compact',
  'jump',
  'forge',
  'wait',
] as const

export type Action = (typeof ACTIONS)[number]

/** Draws the faults of an epoch. */
export function drawProfile(random: Random, size: Size): Profile {
  const oneOf = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[randomInteger(random, choices.length)] ?? choices[0]
  const [from, to] = size.steps
  return {
    stepCount: from + randomInteger(random, to - from),
    loss: oneOf(0, 0.05, 0.2, 0.5),
    duplication: oneOf(0, 0.1, 0.3),
    abortion: oneOf(0, 0.2, 0.5),
    quickSyncs: oneOf(0, 0.5, 1),
    burst: oneOf(1, 6, 16),
    arrival: oneOf(0, 0.5),
    isOrdered: random() < 0.3,
    skewMillis: oneOf(...size.skews),
    weights: {
      write: oneOf(20, 40),
      drain: oneOf(0, 5, 20),
      deliver: oneOf(0, 10, 40),
      sync: oneOf(1, 10, 60),
      partition: oneOf(0, 2),
      heal: oneOf(1, 3),
      save: oneOf(1, 4),
      crash: oneOf(0, 2, 10),
      compact: 2,
      jump: oneOf(0, 2),
      forge: 0.5,
      wait: 2,
    },
    deletes: oneOf(0.1, 0.3, 0.5),
    focus: oneOf(0, 0.4, 0.8),
  }
}

/** Chooses an action by the weights. */
export function drawAction(random: Random, profile: Profile): Action {
  let total = 0
  for (const action of ACTIONS) total += profile.weights[action]
  let rest = random() * total
  for (const action of ACTIONS) {
    rest -= profile.weights[action]
    if (rest < 0) return action
  }
  return 'wait'
}
