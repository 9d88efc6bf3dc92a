/** The options of one command: flags over GOSSIP_KV_* variables over defaults, each checked when it is read. */
import { readFileSync } from 'node:fs'
import { type ArgsDef, parseArgs } from 'citty'
import { messageOf, shown, UsageError } from '../src/base/errors.js'
import { nearest } from './nearest.js'

const PORT_MAX = 65_535
const TRUE_WORDS = ['1', 'true', 'yes', 'on']
const FALSE_WORDS = ['0', 'false', 'no', 'off']

/** The words that a command takes, in their order. */
export type Words = Readonly<Record<string, { description: string; optional?: boolean }>>

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of an option and where it came from, for messages. */
interface Given {
  value: string | boolean
  source: string
}

/** Reads the options that a command defines. */
export class Options {
  readonly #given = new Map<string, Given>()
  readonly #words: ReadonlyMap<string, string>
  readonly #definitions: ArgsDef

  /** @throws UsageError ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID */
  constructor(args: readonly string[], definitions: ArgsDef, env: Environment, words: Words = {}) {
    this.#definitions = definitions
    const { flags, positional } = readFlags(args, definitions)
    this.#words = namedWords(positional, words)
    for (const [name, { default: fallback }] of Object.entries(definitions)) {
      const variable = variableOf(name)
      const fromEnv = env[variable]
      const flag = flags.get(name)
      if (flag !== undefined) this.#given.set(name, { value: flag, source: `--${name}` })
      else if (fromEnv !== undefined && fromEnv !== '')
        this.#given.set(name, { value: fromEnv, source: variable })
      else if (fallback !== undefined) this.#given.set(name, { value: fallback, source: 'default' })
    }
  }

  /** True when it was given by flag or variable, not by default. */
  isChosen(name: string): boolean {
    const given = this.#given.get(name)
    return given !== undefined && given.source !== 'default'
  }

  /** True when it was given by flag. */
  isFlag(name: string): boolean {
    return this.#given.get(name)?.source === `--${name}`
  }

  /** A word of the command line that has to be there, as was checked at first. */
  word(name: string): string {
    return this.#words.get(name) ?? ''
  }

  /** A word of the command line that may be missing. */
  optionalWord(name: string): string | undefined {
    return this.#words.get(name)
  }

  /** A word of the command line out of some. @throws UsageError ERR_OPTION_UNKNOWN */
  oneOf(name: string, choices: readonly string[]): string {
    const word = this.word(name)
    if (choices.includes(word)) return word
    const near = nearest(word, choices)
    throw new UsageError('ERR_OPTION_UNKNOWN', `There is no ${name} ${shown(word)}`, {
      fix: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Use one of ${choices.join(', ')}`,
    })
  }

  /** A text; undefined when it was not given and has no default. */
  text(name: string): string | undefined {
    const value = this.#given.get(name)?.value
    return value === undefined ? undefined : String(value)
  }

  /** A text that must be there. @throws UsageError ERR_OPTION_INVALID */
  required(name: string): string {
    const text = this.text(name)
    if (text !== undefined) return text
    throw new UsageError('ERR_OPTION_INVALID', `The option --${name} is missing`, {
      why: String(this.#definitions[name]?.description ?? 'The command cannot do without it'),
      fix: `Pass --${name}, or set the variable ${variableOf(name)}`,
    })
  }

  /** Texts separated by commas. */
  list(name: string): string[] {
    return (this.text(name) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }

  /** What stands in a file, without the line end; undefined when none was named. @throws UsageError ERR_OPTION_INVALID */
  file(name: string): string | undefined {
    const path = this.text(name)
    if (path === undefined) return undefined
    try {
      return readFileSync(path, 'utf8').trimEnd()
    } catch (cause) {
      throw this.#invalid(name, `The file cannot be read (${messageOf(cause)})`)
    }
  }

  /** An integer from `min` to `max`. @throws UsageError ERR_OPTION_INVALID */
  integer(name: string, min: number, max: number): number {
    const text = this.text(name) ?? ''
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= min && number <= max) return number
    throw this.#invalid(name, `It has to be an integer from ${min} to ${max}`)
  }

  /** A TCP port; 0 stands for any free one. @throws UsageError ERR_OPTION_INVALID */
  port(name: string): number {
    return this.integer(name, 0, PORT_MAX)
  }

  /** An option that takes one of several words. @throws UsageError ERR_OPTION_INVALID */
  choice(name: string, words: readonly string[]): string {
    const text = this.text(name) ?? ''
    if (words.includes(text)) return text
    throw this.#invalid(name, `It has to be one of ${words.join(', ')}`)
  }

  /** A switch; false when it was not given. @throws UsageError ERR_OPTION_INVALID */
  flag(name: string): boolean {
    const value = this.#given.get(name)?.value ?? false
    if (typeof value === 'boolean') return value
    if (TRUE_WORDS.includes(value.toLowerCase())) return true
    if (FALSE_WORDS.includes(value.toLowerCase())) return false
    throw this.#invalid(name, `It has to be one of ${[...TRUE_WORDS, ...FALSE_WORDS].join(', ')}`)
  }

  #invalid(name: string, why: string): UsageError {
    const given = this.#given.get(name)
    return new UsageError('ERR_OPTION_INVALID', `${given?.source ?? `--${name}`} is ${shown(given?.value)}`, {
      why,
      fix: 'Correct it, or see --help',
    })
  }
}

/** What the command line says, by name of the option. */
function readFlags(
  args: readonly string[],
  definitions: ArgsDef,
): { flags: Map<string, string | boolean>; positional: readonly string[] } {
  // Without defaults, what was said cannot be told from what was not.
  const bare = Object.fromEntries(
    Object.entries(definitions).map(([name, { type }]) => [name, { type } as const]),
  )
  const { _: positional, ...parsed } = parseArgs([...args], bare as ArgsDef) as Record<string, unknown> & {
    _: string[]
  }
  const flags = new Map<string, string | boolean>()
  for (const [written, value] of Object.entries(parsed)) {
    const name = Object.hasOwn(definitions, written) ? written : nameOf(written, definitions)
    if (name === undefined) throw unknown(written, definitions)
    flags.set(name, checkFlag(name, value, definitions))
  }
  return { flags, positional }
}

/** The words by their names; read last, since the value of a misspelled option looks like a word too many. */
function namedWords(positional: readonly string[], words: Words): Map<string, string> {
  const names = Object.keys(words)
  const tooMany = positional[names.length]
  if (tooMany !== undefined) throw unexpected(tooMany)
  const missing = names.find((name, index) => positional[index] === undefined && !words[name]?.optional)
  if (missing !== undefined) throw wordMissing(missing, words)
  return new Map(positional.map((word, index) => [names[index] ?? '', word]))
}

/** citty also answers to camel case, and then names the option twice. */
function nameOf(written: string, definitions: ArgsDef): string | undefined {
  return Object.keys(definitions).find((name) => name.replaceAll('-', '') === written.toLowerCase())
}

function checkFlag(name: string, value: unknown, definitions: ArgsDef): string | boolean {
  if (definitions[name]?.type === 'boolean') return value === true || value === 'true'
  // `--port` at the end, `--no-port`, or `--port --json`: the value was forgotten.
  if (typeof value === 'string' && value !== '' && !value.startsWith('--')) return value
  throw new UsageError('ERR_OPTION_INVALID', `The option --${name} has no value`, {
    why: 'It is followed by another option, or by nothing',
    fix: `Write --${name} VALUE or --${name}=VALUE`,
  })
}

function variableOf(name: string): string {
  return `GOSSIP_KV_${name.replaceAll('-', '_').toUpperCase()}`
}

function unknown(written: string, definitions: ArgsDef): UsageError {
  const names = Object.keys(definitions)
  const near = nearest(written, names)
  return new UsageError(
    'ERR_OPTION_UNKNOWN',
    `There is no option ${written.length === 1 ? '-' : '--'}${written}`,
    {
      fix:
        near.length > 0
          ? `Did you mean ${near.map((name) => `--${name}`).join(' or ')}?`
          : `Use one of ${names.map((name) => `--${name}`).join(', ')}`,
    },
  )
}

function wordMissing(name: string, words: Words): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The ${name} is missing`, {
    why: `The command takes ${Object.keys(words).join(' and ')}`,
    fix: `Add it (${words[name]?.description ?? ''}), or see --help`,
  })
}

function unexpected(word: string): UsageError {
  return new UsageError('ERR_OPTION_UNKNOWN', `The command line has a word too many: ${shown(word)}`, {
    why: 'Every value follows the name of its option, and the command takes no more words',
    fix: 'Write --name value, put a text with blanks in quotes, or see --help',
  })
}
