/** What a command of the CLI is. Each lives in a file of its own and loads what it runs only when it runs. */
import type { ArgsDef } from 'citty'
import type { Logger } from 'pino'
import type { Lifetime } from './lifetime.js'
import type { Options } from './options.js'

/** What a running command works with. */
export interface CommandContext {
  options: Options
  /** Diagnostics, on standard error. */
  logger: Logger
  lifetime: Lifetime
}

/** One command. */
export interface Command {
  meta: { name: string; description: string }
  /** Options of type string or boolean; each is also read from GOSSIP_KV_NAME_OF_THE_OPTION. */
  args: ArgsDef
  /** Resolves when it is up; the process then lives until it is told to stop. @throws GossipKvError */
  run(context: CommandContext): Promise<void>
}
