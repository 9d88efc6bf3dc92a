#!/usr/bin/env node
/** The command line: finds the command, reads its options, and turns errors into words and an exit code. */
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { type ArgsDef, type CommandDef, renderUsage } from 'citty'
import { pino } from 'pino'
import { GossipKvError, messageOf, shown, UsageError } from '../src/base/errors.js'
import { Refusal } from './api.js'
import { checkpointCommand } from './checkpoint-command.js'
import type { Command } from './command.js'
import { Options } from './command-options.js'
import { demoCommand } from './demo.js'
import { keygenCommand } from './keygen.js'
import { deleteCommand, getCommand, listCommand, setCommand, watchCommand } from './keys.js'
import { Lifetime } from './lifetime.js'
import { membersCommand, statusCommand } from './members-command.js'
import { nearest } from './nearest.js'
import { nodeCommand } from './node-command.js'
import { print } from './output.js'
import { keysCommand } from './rotation.js'
import { signalCommand } from './signal-command.js'

const COMMANDS: readonly Command[] = [
  demoCommand,
  nodeCommand,
  signalCommand,
  keygenCommand,
  keysCommand,
  getCommand,
  setCommand,
  deleteCommand,
  listCommand,
  watchCommand,
  membersCommand,
  statusCommand,
  checkpointCommand,
]
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const EXIT_FAILURE = 1
const EXIT_USAGE = 2
/** The key or checkpoint that was asked for is not there. */
const EXIT_NOT_FOUND = 3

const ROOT = { name: 'gossip-kv', description: 'A key-value store that lives in every participant' }

await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<void> {
  // A reader that has gone, as `| head`, is no failure of the program.
  process.stdout.on('error', () => undefined)
  let lifetime: Lifetime | undefined
  try {
    const [word = '--help', ...rest] = args
    if (word === '--version') print(version())
    else if (word === '--help' || word === '-h') await printUsage()
    else {
      const command = withLogLevel(commandOf(word))
      if (rest.includes('--help') || rest.includes('-h')) await printUsage(command)
      else await run(command, rest, (opened) => (lifetime = opened))
    }
  } catch (error) {
    const isForeseen = error instanceof GossipKvError || error instanceof Refusal
    process.stderr.write(`${isForeseen ? error.message : describe(error)}\n`)
    await lifetime?.release()
    process.exit(exitCodeOf(error))
  }
}

async function run(
  command: Command,
  args: readonly string[],
  opened: (lifetime: Lifetime) => void,
): Promise<void> {
  const options = new Options(args, command.args, process.env, command.words)
  const level = options.choice('log-level', LEVELS)
  // Written at once, so that the last words before an exit are not lost.
  const logger = pino(
    { name: `gossip-kv ${command.meta.name}`, level },
    pino.destination({ dest: 2, sync: true }),
  )
  const lifetime = new Lifetime(logger)
  opened(lifetime)
  await command.run({ options, logger, lifetime })
  if (!command.stays) await lifetime.release()
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Refusal) {
    if (error.status === 404) return EXIT_NOT_FOUND
    return error.status === 400 || error.status === 413 ? EXIT_USAGE : EXIT_FAILURE
  }
  if (error instanceof GossipKvError && error.code === 'ERR_CHECKPOINT_MISSING') return EXIT_NOT_FOUND
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE
}

function commandOf(word: string): Command {
  const names = COMMANDS.map(({ meta }) => meta.name)
  const command = COMMANDS.find(({ meta }) => meta.name === word)
  if (command !== undefined) return command
  const near = nearest(word, names)
  throw new UsageError('ERR_OPTION_UNKNOWN', `There is no command ${shown(word)}`, {
    fix: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Use one of ${names.join(', ')}, or --help`,
  })
}

/** What runs until it is stopped logs; the others, and the demo, which people look at, only what goes wrong. */
function withLogLevel(command: Command): Command {
  const level = command.stays && command !== demoCommand ? 'info' : 'warn'
  const option = { type: 'string', default: level, valueHint: 'L', description: LEVELS.join(', ') } as const
  return { ...command, args: { ...command.args, 'log-level': option } }
}

async function printUsage(command?: Command): Promise<void> {
  const root: CommandDef = {
    meta: ROOT,
    subCommands: Object.fromEntries(COMMANDS.map((each) => [each.meta.name, shownArgs(each)])),
  }
  const usage = command === undefined ? await renderUsage(root) : await renderUsage(shownArgs(command), root)
  print(process.stdout.isTTY === true ? usage : stripVTControlCharacters(usage))
}

/** What citty prints help from; it reads no words by itself. */
function shownArgs({ meta, args, words = {} }: Command): { meta: Command['meta']; args: ArgsDef } {
  const positional = Object.entries(words).map(
    ([name, { description, optional = false }]) =>
      [name, { type: 'positional', description, required: !optional }] as const,
  )
  return { meta, args: { ...Object.fromEntries(positional), ...args } }
}

function version(): string {
  // One folder up from cli/main.ts, two from dist/cli/main.js.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string
        version?: string
      }
      if (found.name === 'gossip-kv') return found.version ?? ''
    } catch {
      // The other place, then.
    }
  }
  return 'unknown'
}

/** An unexpected error: its stack trace is printed. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}
