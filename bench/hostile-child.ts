/**
 * The process that is attacked by `bench/hostile.ts`: `hostile-child.ts CONTESTANT SEED FROM CASES`. It writes the
 * number of each case before it takes it, a line for each that did harm, and at the end how many had which outcome.
 * The cases from number `CASES` on are the named attacks.
 */
import { writeSync } from 'node:fs'
import { ATTACKS, isExpected } from './attacks.js'
import { Fuzz } from './fuzz.js'
import { PlainVictim } from './plain-victim.js'
import { type Judgement, Victim } from './victim.js'

/** A case that takes longer, again and again, is an attack on everybody's time. */
const MILLIS_MAX = 20
const TRIES = 4
/** No neighbor on the machine takes this long. */
const MILLIS_CERTAIN = 1000

interface Harm {
  half: boolean
  pending: boolean
  roots: boolean
  slow: boolean
  threw: boolean
  /** A named attack got another answer than it must. */
  wrong: boolean
  /** Every key is gone. */
  emptied: boolean
}

/** Takes a case on the victim at hand, or on a fresh one; undefined when it is none for this contestant. */
type Take = (index: number, fresh: boolean) => (Judgement & { wrong: boolean; emptied: boolean }) | undefined

const [contestant = '', seed = '', from = '', cases = ''] = process.argv.slice(2)
attack(contestant === 'yjs' ? plainTake(Number(seed), Number(cases)) : ourTake(Number(seed), Number(cases)))

function attack(take: Take): void {
  const outcomes: Record<string, number> = {}
  for (let index = Number(from); index < Number(cases) + ATTACKS.length; index++) {
    say(String(index))
    const judgement = take(index, false)
    if (judgement === undefined) continue
    const { millis } = judgement
    const slow = millis > MILLIS_CERTAIN || (millis > MILLIS_MAX && isSlowAgain(take, index))
    const word = judgement.outcome.split(' ')[0] ?? ''
    outcomes[word] = (outcomes[word] ?? 0) + 1
    const { half, pending, roots, threw, wrong, emptied } = judgement
    const harm: Harm = { half, pending, roots, slow, threw, wrong, emptied }
    if (Object.values(harm).some(Boolean)) say(JSON.stringify({ index, outcome: judgement.outcome, ...harm }))
  }
  say(JSON.stringify({ outcomes }))
}

/** Writes a line before it goes on, however long the reader takes: a full pipe is no exit of the victim's. */
function say(line: string): void {
  let bytes = Buffer.from(`${line}\n`)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/** On a machine that others use, once proves nothing. */
function isSlowAgain(take: Take, index: number): boolean {
  for (let i = 1; i < TRIES; i++) if ((take(index, true)?.millis ?? 0) <= MILLIS_MAX) return false
  return true
}

function ourTake(fuzzSeed: number, count: number): Take {
  const fuzz = new Fuzz(fuzzSeed)
  let victim = new Victim()
  return (index, fresh) => {
    const named = ATTACKS[index - count]
    if (fresh || named) victim = new Victim()
    const { through, bytes } = named
      ? { through: named.through, bytes: named.bytes(victim.scene) }
      : fuzz.case(index)
    const judgement = victim.judge(through, bytes)
    if (judgement.touched || judgement.half) victim = new Victim()
    return { ...judgement, wrong: named !== undefined && !isExpected(named, judgement), emptied: false }
  }
}

function plainTake(fuzzSeed: number, count: number): Take {
  const fuzz = new Fuzz(fuzzSeed)
  const { scene } = new Victim()
  let victim = new PlainVictim()
  return (index, fresh) => {
    const { plain: form } = ATTACKS[index - count] ?? {}
    if (fresh || form) victim = new PlainVictim()
    const bytes = form ? form.bytes(scene) : index < count ? fuzz.case(index).plain : undefined
    if (bytes === undefined) return undefined
    const judgement = victim.judge(form?.format ?? 'v1', bytes)
    if (judgement.touched) victim = new PlainVictim()
    return { ...judgement, wrong: false }
  }
}
