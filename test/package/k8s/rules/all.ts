/** Every rule that the rendered manifests must keep. */
import { hardeningRules } from './hardening.js'
import { lifecycleRules } from './lifecycle.js'
import { networkRules } from './network.js'
import type { Rules } from './rule.js'
import { wiringRules } from './wiring.js'

export const rules: Rules = { ...wiringRules, ...hardeningRules, ...lifecycleRules, ...networkRules }
