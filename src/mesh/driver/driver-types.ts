/** What a driver is made of, what it shows of the members, and what it tells the store. */
import type { Clock } from '../../base/clock.js'
import type { GossipKvError } from '../../base/errors.js'
import type { MemberRecord } from '../../base/member.js'
import type { Random } from '../../base/random.js'
import type { ReplicaPort } from '../../data/replica-port.js'
import type { ProtocolConfig } from '../protocol/config.js'
import type { SignalingState, Transport } from '../transport.js'

export interface DriverOptions {
  id: string
  record: MemberRecord
  topic: string
  replica: ReplicaPort
  transport: Transport
  clock: Clock
  random: Random
  config?: Partial<ProtocolConfig>
  events: DriverEvents
}

/** One member as the protocol sees it. */
export interface MemberView {
  id: string
  record: MemberRecord
  state: 'alive' | 'suspect' | 'frozen'
  /** Whether it said that its data is complete. */
  ready: boolean
  /** What it shows of itself, as its owner encoded it. */
  presence: Uint8Array | undefined
  /** Whether there is a link to it. */
  direct: boolean
  /** Smoothed round trip of the link in milliseconds. */
  rttMillis: number | undefined
  /** Whether it held the same data when it last told its digest; undefined when it is not direct. */
  inSync: boolean | undefined
}

/** The other members, by whether they hold what was asked about. Ids in ascending order. */
export interface AckSides {
  acked: readonly string[]
  missing: readonly string[]
}

/** What the driver tells the store. */
export interface DriverEvents {
  /** The members, the links or their state changed. */
  changed(): void
  /** What members show of themselves changed. */
  presence(): void
  /** A member was removed. */
  gone(id: string, how: 'left' | 'dead'): void
  /** A message for the application. */
  message(from: string, bytes: Uint8Array): void
  signaling(state: SignalingState, error: GossipKvError | undefined): void
  /** Signaling answered who else is there. */
  contacts(count: number): void
  /** A later run of this member goes on elsewhere; this one meets nobody any more. */
  displaced(error: GossipKvError): void
  /** A link could not be opened. */
  dialFailed(peer: string, error: GossipKvError): void
}

/** Frames and bytes since the start. */
export interface TrafficCounters {
  framesIn: number
  framesOut: number
  bytesIn: number
  bytesOut: number
  malformedFrames: number
  unknownFrames: number
}
