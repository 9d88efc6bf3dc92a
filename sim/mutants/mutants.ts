/** All deliberately broken variants, in the order of the table in docs/TESTING.md. */
import { CLOCK_MUTANTS } from './clock-mutants.js'
import { COMPACTION_MUTANT } from './compaction-mutant.js'
import { EXCHANGE_MUTANTS } from './exchange-mutants.js'
import type { Mutant } from './mutant.js'
import { RULE_MUTANTS } from './rule-mutants.js'

export const MUTANTS: readonly Mutant[] = [
  ...RULE_MUTANTS,
  ...EXCHANGE_MUTANTS,
  ...CLOCK_MUTANTS,
  COMPACTION_MUTANT,
]
