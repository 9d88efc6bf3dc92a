/** `gossip-kv keys`: the keys of a running member's secret, and their rotation. */
import { UsageError } from '../src/base/errors.js'
import type { KeyInfo } from '../src/index.js'
import { API_ARGS, Api } from './api.js'
import type { Command } from './command.js'
import type { Options } from './command-options.js'
import { printData, table } from './output.js'

const ACTIONS = ['list', 'install', 'use', 'remove']

/** Each step is to be done at every member before the next one; all may be repeated. */
export const keysCommand: Command = {
  meta: { name: 'keys', description: "List and rotate the keys of a running member's secret" },
  words: {
    action: { description: ACTIONS.join(', ') },
    id: { optional: true, description: 'use, remove: the id of a key, as list shows it' },
  },
  args: {
    ...API_ARGS,
    'key-file': {
      type: 'string',
      valueHint: 'FILE',
      description: 'File with the key itself, from keygen --next; else it is taken from GOSSIP_KV_KEY',
    },
  },
  async run({ options }) {
    const step = options.oneOf('action', ACTIONS)
    const change = step === 'list' ? {} : ({ method: 'POST', body: { step, key: keyOf(options) } } as const)
    const keys = await new Api(options).json<KeyInfo[]>(['keys'], change)
    printData(options.flag('json'), keys, () =>
      table(
        ['ID', 'PRIMARY'],
        keys.map(({ id, primary }) => [id, primary ? 'yes' : 'no']),
      ),
    )
  },
}

/** A key is never an argument: those show in the list of processes. */
function keyOf(options: Options): string {
  const key = options.optionalWord('id') ?? options.file('key-file') ?? process.env['GOSSIP_KV_KEY']?.trim()
  if (key) return key
  throw new UsageError('ERR_OPTION_INVALID', 'It is not said which key', {
    why: 'This action needs a key, in --key-file or GOSSIP_KV_KEY, or the id of one that is installed',
    fix: 'Make one with "gossip-kv keygen --next"',
  })
}
