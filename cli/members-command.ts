/** `gossip-kv members` and `status`: how a running member stands. */
import type { Member } from '../src/index.js'
import { API_ARGS, Api } from './api.js'
import type { Command } from './command.js'
import { brief, printData, table } from './output.js'

export const membersCommand: Command = {
  meta: { name: 'members', description: 'Print the members of the cluster' },
  args: API_ARGS,
  async run({ options }) {
    const members = await new Api(options).json<Member[]>(['members'])
    const rows = members.map((member) => [
      member.self ? `${member.id} *` : member.id,
      member.name,
      member.kind,
      member.role,
      member.state,
      member.direct ? 'yes' : 'no',
      member.rttMillis === undefined ? undefined : `${Math.round(member.rttMillis)} ms`,
      member.inSync === undefined ? undefined : member.inSync ? 'yes' : 'no',
      member.port,
    ])
    const head = ['ID', 'NAME', 'KIND', 'ROLE', 'STATE', 'LINK', 'RTT', 'IN SYNC', 'PORT']
    printData(options.flag('json'), members, () => table(head, rows))
  },
}

export const statusCommand: Command = {
  meta: { name: 'status', description: 'Print how a member stands' },
  args: API_ARGS,
  async run({ options }) {
    const status = await new Api(options).json<Record<string, unknown>>(['status'])
    const rows = Object.entries(status).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : brief(value, 200),
    ])
    printData(options.flag('json'), status, () => table(['FIELD', 'VALUE'], rows))
  },
}
