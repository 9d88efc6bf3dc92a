/** What a command of the CLI is. Each lives in a file of its own and loads what it runs only when it runs. */
import type { ArgsDef } from 'citty'
import type { Logger } from 'pino'
import type { Options, Words } from './command-options.js'
import type { Lifetime } from './lifetime.js'

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
  /** It stays up after `run`, until it is told to stop. */
  stays?: boolean
  /** Words without the name of an option, in their order; those that may be missing come last. */
  words?: Words
  /** Options of type string or boolean; each is also read from GOSSIP_KV_NAME_OF_THE_OPTION. */
  args: ArgsDef
  /** Resolves when it is done, or up: the process then lives until it is told to stop. @throws GossipKvError */
  run(context: CommandContext): Promise<void>
}
