/** Opens a TCP port, with an error that says what to do when it is not to be had. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ListenTarget, listenError } from '../src/base/listen-error.js'

/**
 * Listens and answers with the port, which matters when 0 was asked for.
 * @throws TransportError ERR_PORT_IN_USE, UsageError ERR_OPTION_INVALID
 */
export function listen(server: Server, target: ListenTarget): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(listenError(error, target))
    server.once('error', failed)
    server.listen(target.port, target.host, () => {
      server.off('error', failed)
      resolve(portOf(server))
    })
  })
}

/** The port of a server that listens on TCP; 0 when it does not. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo | null)?.port ?? 0
}

/** Stops listening and cuts what is still connected. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
