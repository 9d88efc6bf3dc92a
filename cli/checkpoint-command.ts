/** `gossip-kv checkpoint`: labelled states of a running member, or of a data folder that no member uses. */
import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { messageOf, shown, UsageError } from '../src/base/errors.js'
import type { CheckpointDifference, CheckpointInfo, Checkpoints } from '../src/index.js'
import { API_ARGS, Api } from './api.js'
import { checkpointsIn } from './checkpoints-in.js'
import type { Command, CommandContext } from './command.js'
import type { Options } from './command-options.js'
import { HttpCheckpoints } from './http-checkpoints.js'
import { brief, printData, table } from './output.js'

type Action = (checkpoints: Checkpoints, options: Options) => Promise<void>

const ACTIONS: Readonly<Record<string, Action>> = {
  async create(checkpoints, options) {
    const label = options.text('label')
    show(options, await checkpoints.create(label === undefined ? {} : { label }))
  },
  async list(checkpoints, options) {
    const infos = await checkpoints.list()
    printData(options.flag('json'), infos, () => table(HEAD, infos.map(rowOf)))
  },
  async show(checkpoints, options) {
    const checkpoint = await checkpoints.read(idOf(options), prefixOf(options))
    printData(options.flag('json'), checkpoint, () => {
      const rows = checkpoint.entries.map(({ key, value, at }) => [key, brief(value), timeOf(at)])
      return `${table(HEAD, [rowOf(checkpoint)])}\n\n${table(['KEY', 'VALUE', 'WRITTEN'], rows)}`
    })
  },
  async diff(checkpoints, options) {
    const to = options.optionalWord('to') ?? 'now'
    showDifference(options, await checkpoints.diff(idOf(options), to, prefixOf(options)))
  },
  async restore(checkpoints, options) {
    const how = { ...prefixOf(options), atomic: options.flag('atomic') }
    showDifference(options, await checkpoints.restore(idOf(options), how))
  },
  async export(checkpoints, options) {
    const bytes = await checkpoints.export(idOf(options))
    const path = options.optionalWord('to') ?? '-'
    if (path !== '-') await onDisk(path, () => writeFile(path, bytes))
    else if (process.stdout.isTTY) throw binaryOnTerminal()
    else process.stdout.write(bytes)
  },
  async import(checkpoints, options) {
    const path = options.optionalWord('id') ?? '-'
    const bytes = path === '-' ? await buffer(process.stdin) : await onDisk(path, () => readFile(path))
    const label = options.text('label')
    show(options, await checkpoints.import(new Uint8Array(bytes), label === undefined ? {} : { label }))
  },
  async remove(checkpoints, options) {
    await checkpoints.remove(idOf(options))
  },
}

const HEAD = ['ID', 'LABEL', 'MADE', 'KEYS', 'BYTES', 'BY', 'PROBLEM']

export const checkpointCommand: Command = {
  meta: { name: 'checkpoint', description: 'Keep, compare and restore labelled states' },
  words: {
    action: { description: Object.keys(ACTIONS).join(', ') },
    id: {
      optional: true,
      description: 'Id or label of a checkpoint; for import a file, - or none: standard input',
    },
    to: {
      optional: true,
      description: 'diff: another one (default now). export: a file (default standard output)',
    },
  },
  args: {
    ...API_ARGS,
    data: {
      type: 'string',
      valueHint: 'DIR',
      description: 'A data folder to work in, while no member uses it',
    },
    'secret-file': {
      type: 'string',
      valueHint: 'FILE',
      description: "With --data: the cluster's secret; else it is taken from GOSSIP_KV_SECRET",
    },
    label: { type: 'string', valueHint: 'L', description: 'create, import: it stays until it is removed' },
    prefix: {
      type: 'string',
      valueHint: 'P',
      description: 'show, diff, restore: only keys that begin with it',
    },
    atomic: { type: 'boolean', description: 'restore: refuse what other members would see in pieces' },
  },
  async run(context) {
    const { options } = context
    const act = ACTIONS[options.oneOf('action', Object.keys(ACTIONS))]
    await act?.(await checkpointsOf(context), options)
  },
}

/** Of the folder when one is named on the command line, else of the member that answers. */
async function checkpointsOf({ options, lifetime }: CommandContext): Promise<Checkpoints> {
  const data = options.text('data')
  if (data === undefined || !options.isFlag('data')) return new HttpCheckpoints(new Api(options))
  const secret = options.file('secret-file') ?? (process.env['GOSSIP_KV_SECRET']?.trim() || undefined)
  const { checkpoints, close } = await checkpointsIn(data, secret)
  lifetime.onStop(close)
  return checkpoints
}

function idOf(options: Options): string {
  const id = options.optionalWord('id')
  if (id !== undefined) return id
  throw new UsageError('ERR_OPTION_INVALID', 'It is not said which checkpoint', {
    why: 'This action needs the id or the label of one',
    fix: 'See gossip-kv checkpoint list',
  })
}

function prefixOf(options: Options): { prefix?: string } {
  const prefix = options.text('prefix')
  return prefix === undefined ? {} : { prefix }
}

function show(options: Options, info: CheckpointInfo): void {
  printData(options.flag('json'), info, () => table(HEAD, [rowOf(info)]))
}

function rowOf(info: CheckpointInfo): unknown[] {
  const { id, label, at, keys, bytes, by, problem } = info
  return [id, label, timeOf(at), keys, bytes, by, problem?.code]
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}

function showDifference(options: Options, difference: CheckpointDifference): void {
  printData(options.flag('json'), difference, () => {
    const { added, changed, removed } = difference
    const rows = [
      ...added.map(({ key, value }) => ['added', key, undefined, brief(value)]),
      ...changed.map(({ key, before, after }) => ['changed', key, brief(before), brief(after)]),
      ...removed.map(({ key, value }) => ['removed', key, brief(value), undefined]),
    ]
    return rows.length === 0 ? 'nothing differs' : table(['WHAT', 'KEY', 'BEFORE', 'AFTER'], rows)
  })
}

async function onDisk<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    throw new UsageError(
      'ERR_OPTION_INVALID',
      `The file ${shown(path)} cannot be read or written (${messageOf(cause)})`,
      {
        why: 'It is not there, is a folder, belongs to another user, or the disk is full',
        fix: 'Name another file',
        cause,
      },
    )
  }
}

function binaryOnTerminal(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', 'The export would go to the terminal', {
    why: 'It is bytes, which a terminal cannot show',
    fix: 'Name a file: gossip-kv checkpoint export ID FILE',
  })
}
