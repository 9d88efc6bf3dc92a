/** Every attack by name, and the judgement that each must get. */
import type { Attack } from './attack.js'
import { EXCHANGE_ATTACKS } from './exchange-attacks.js'
import { UPDATE_ATTACKS } from './update-attacks.js'
import type { Judgement } from './victim.js'

/** All of them. */
export const ATTACKS: readonly Attack[] = [...UPDATE_ATTACKS, ...EXCHANGE_ATTACKS]

/** Whether `outcome` is what must come of the attack. */
export function isExpected({ expected }: Attack, { outcome }: Judgement): boolean {
  return outcome === expected || outcome.startsWith(`${expected} `)
}
