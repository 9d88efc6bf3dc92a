/** Whether signaling is on this machine: who meets there needs no network, and no secret. */
import { isLoopbackName } from '../../base/ip-address.js'

/** A URL that cannot be parsed is told of by the signaling client. */
export function isOnThisMachine(url: string): boolean {
  return !URL.canParse(url) || isLoopbackName(new URL(url).hostname)
}
