/** A deliberately broken library: what the oracle must catch, or it proves nothing. */
import type { Workload } from '../oracle/profile.js'
import type { Variant } from '../oracle/variant.js'

export interface Mutant {
  variant: Variant
  /** What goes wrong, in a sentence. */
  breaks: string
  /** Where it shows most often. */
  workload: Workload
}
