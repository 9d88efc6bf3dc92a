/**
 * Heartbeats on links: whoever has been silent for a period says that it lives, with its digest and the time.
 * Nothing is acknowledged; the echoed time gives the round trip, as TCP timestamps do (RFC 7323, section 4).
 */
import { bytesEqual } from '../../base/bytes.js'
import { jittered, type Random } from '../../base/random.js'
import type { HeartbeatFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'
import type { Neighbor } from '../overlay/peer-view.js'

/** Heartbeats are spread by this share of the period. */
const JITTER_SHARE = 0.1

export class Heartbeat {
  readonly #config: ProtocolConfig
  readonly #random: Random

  constructor(config: ProtocolConfig, random: Random) {
    this.#config = config
    this.#random = random
  }

  /** The heartbeat that `neighbor` is owed now, if any. */
  beat(neighbor: Neighbor, digest: Uint8Array, now: number): HeartbeatFrame | undefined {
    if (now < neighbor.nextBeat) return undefined
    neighbor.nextBeat = now + jittered(this.#random, this.#config.heartbeatMillis, JITTER_SHARE)
    const told = neighbor.toldDigest !== undefined && bytesEqual(neighbor.toldDigest, digest)
    if (told && now < neighbor.lastSent + this.#config.heartbeatMillis * (1 - JITTER_SHARE)) return undefined
    neighbor.toldDigest = digest
    return { type: 'heartbeat', digest, time: Math.floor(now), echo: echoOf(neighbor, now) }
  }

  /** Takes the round trip out of a heartbeat (RFC 6298, section 2: alpha = 1/8). */
  receive(neighbor: Neighbor, frame: HeartbeatFrame, now: number): void {
    neighbor.peerTime = { value: frame.time, at: now }
    if (frame.echo === 0) return
    const rtt = now - frame.echo
    // An echo from the future, or from long ago, is a lie or a leftover.
    if (rtt < 0 || rtt > this.#config.silenceMillis) return
    neighbor.srtt = neighbor.srtt === undefined ? rtt : neighbor.srtt + (rtt - neighbor.srtt) / 8
  }

  /** Whether nothing has come from `neighbor` for too long. */
  isSilent(neighbor: Neighbor, now: number): boolean {
    return now >= neighbor.lastHeard + this.#config.silenceMillis
  }

  deadline(neighbor: Neighbor): number {
    return Math.min(neighbor.nextBeat, neighbor.lastHeard + this.#config.silenceMillis)
  }
}

function echoOf(neighbor: Neighbor, now: number): number {
  return neighbor.peerTime === undefined
    ? 0
    : Math.floor(neighbor.peerTime.value + (now - neighbor.peerTime.at))
}
