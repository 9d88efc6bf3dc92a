/** Translates why a TCP port could not be opened into an error that says what to do. Free of Node types, since every server of the project shares it. */
import { NODE_CATALOGUE } from './error-catalogue.node.js'
import { type GossipKvError, TransportError, UsageError } from './errors.js'

/** Where a server wanted to listen, and how its user chooses another port. */
export interface ListenTarget {
  host: string
  port: number
  /** How to choose another port, as `pass --port` or `set the option "port"`. */
  remedy: string
}

/** The typed error for a failed `listen`; `cause` is what the runtime threw. */
export function listenError(cause: unknown, target: ListenTarget): GossipKvError {
  const { host, port, remedy } = target
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') {
    return new TransportError('ERR_PORT_IN_USE', `Port ${port} on ${host} is in use`, {
      why: NODE_CATALOGUE.TransportError.ERR_PORT_IN_USE.why,
      fix: `Stop that process, or ${remedy} to choose another port (0 takes any free one)`,
      cause,
    })
  }
  return new UsageError(
    'ERR_OPTION_INVALID',
    `This process cannot listen on ${host}, port ${port} (${String(code)})`,
    {
      why: 'The host is not an address of this machine, or the port is reserved for the system',
      fix: `Use a host of this machine such as 127.0.0.1 or 0.0.0.0, and a port above 1023: ${remedy}`,
      cause,
    },
  )
}
