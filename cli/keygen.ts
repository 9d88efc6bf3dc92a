/** `gossip-kv keygen`: makes the secret of a cluster, the next one to rotate to, or the one of its readers. */
import { UsageError } from '../src/base/errors.js'
import type { Command } from './command.js'
import { print } from './output.js'

/** Prints a secret. One that exists is read from GOSSIP_KV_SECRET: arguments show in the list of processes. */
export const keygenCommand: Command = {
  meta: { name: 'keygen', description: 'Make the secret of a cluster' },
  args: {
    next: {
      type: 'boolean',
      description: 'A further key for the cluster whose secret is in GOSSIP_KV_SECRET, to rotate to',
    },
    reader: {
      type: 'boolean',
      description: "The readers' secret of the cluster whose secret is in GOSSIP_KV_SECRET",
    },
  },

  async run({ options }) {
    const { generateSecret, readerSecret } = await import('../src/node.js')
    const [next, reader] = [options.flag('next'), options.flag('reader')]
    if (next && reader) throw bothAsked()
    if (reader) print(await readerSecret(presentSecret()))
    else print(await generateSecret(next ? presentSecret() : undefined))
  },
}

function presentSecret(): string {
  const secret = process.env['GOSSIP_KV_SECRET']?.trim()
  if (secret) return secret
  throw new UsageError('ERR_SECRET_MISSING', 'GOSSIP_KV_SECRET is not set', {
    why: 'What is to be made depends on the present secret of the cluster',
    fix: 'Set that variable to it',
  })
}

function bothAsked(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', 'Both --next and --reader were given', {
    why: 'Each makes another secret',
    fix: 'Make the next secret first, then the one of its readers from that',
  })
}
