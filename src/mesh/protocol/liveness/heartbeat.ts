/**
 * Heartbeats on links: whoever has been silent for a period says that it lives, with its digest and the time.
 * Nothing is acknowledged; the echoed time gives the round trip, as TCP timestamps do (RFC 7323, section 4).
 */
import { bytesEqual } from '../../../base/bytes.js'
import { jittered, type Random } from '../../../base/random.js'
import type { HeartbeatFrame, Visibility } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'
import { beatTimeoutMillis } from '../formulas.js'
import type { Neighbor } from '../overlay/peer-view.js'
import type { Health } from './health.js'

/** Heartbeats are spread by this share of the period. */
const JITTER_SHARE = 0.1
/** Heartbeats that are due so soon leave together: one tick for several links. */
const SLACK_MILLIS = 100
/** Announcements, and leases, in one heartbeat. */
const NEWS_MAX = 512

/** What a member says of itself with every beat. */
type OwnState = Pick<HeartbeatFrame, 'digest' | 'hasSlot'>

export class Heartbeat {
  readonly #config: ProtocolConfig
  readonly #random: Random
  readonly #health: Health
  visibility: Visibility = 'visible'

  constructor(config: ProtocolConfig, random: Random, health: Health) {
    this.#config = config
    this.#random = random
    this.#health = health
  }

  /** Any frame of `neighbor` says that it lives; one of a writer that was overdue says that links stall, or this member. */
  heard(neighbor: Neighbor, now: number): void {
    if (neighbor.record?.role === 'writer' && this.isLate(neighbor, now)) this.#health.late(now)
    neighbor.lastHeard = now
  }

  /** Whether a beat of `neighbor` is missing. */
  isLate(neighbor: Neighbor, now: number): boolean {
    return now >= neighbor.lastHeard + this.#config.beatMillis && now >= this.#missedAt(neighbor, 1, 1)
  }

  /** Whether the period of `neighbor` is over. */
  isDue(neighbor: Neighbor, now: number): boolean {
    return now >= neighbor.nextBeat - SLACK_MILLIS
  }

  /** Begins the next period of `neighbor`, at what was sent last: no silence is longer than one period. */
  next(neighbor: Neighbor): void {
    neighbor.nextBeat = neighbor.lastSent + jittered(this.#random, this.#config.heartbeatMillis, JITTER_SHARE)
  }

  /** The heartbeat that `neighbor` is owed at the end of its period, if any. */
  beat(neighbor: Neighbor, state: OwnState, now: number): HeartbeatFrame | undefined {
    const hasNews = neighbor.announcements.size > 0 || neighbor.leases.size > 0
    const isTold = neighbor.toldDigest !== undefined && bytesEqual(neighbor.toldDigest, state.digest)
    const wasBusy = now < neighbor.lastSent + this.#config.heartbeatMillis * (1 - JITTER_SHARE)
    return isTold && wasBusy && !hasNews ? undefined : this.make(neighbor, state, now)
  }

  /** A heartbeat for `neighbor`, owed or not. */
  make(neighbor: Neighbor, { digest, hasSlot }: OwnState, now: number): HeartbeatFrame {
    neighbor.toldDigest = digest
    const { visibility } = this
    // What was put off first leaves last: the newest are the ones that the other side may still be helped with.
    const announced = neighbor.announcements.take().slice(-NEWS_MAX)
    const risen = neighbor.leases.take()
    for (const lease of risen.slice(NEWS_MAX)) neighbor.leases.add(lease)
    return {
      type: 'heartbeat',
      digest,
      time: Math.floor(now),
      echo: echoOf(neighbor, now),
      visibility,
      hasSlot,
      announced,
      leases: risen.slice(0, NEWS_MAX),
    }
  }

  /** Takes round trip, visibility and slot out of a heartbeat (RFC 6298, section 2: alpha = 1/8, beta = 1/4). */
  receive(neighbor: Neighbor, frame: HeartbeatFrame, now: number): void {
    neighbor.peerTime = { value: frame.time, at: now }
    neighbor.visibility = frame.visibility
    neighbor.hasSlot = frame.hasSlot
    this.#measure(neighbor, frame, now)
  }

  #measure(neighbor: Neighbor, frame: HeartbeatFrame, now: number): void {
    if (frame.echo === 0) return
    const rtt = now - frame.echo
    // An echo from the future, or from long ago, is a lie or a leftover.
    if (rtt < 0 || rtt > this.#config.silenceMillis) return
    if (neighbor.srtt === undefined) {
      neighbor.srtt = rtt
      neighbor.rttvar = rtt / 2
      return
    }
    neighbor.rttvar += (Math.abs(neighbor.srtt - rtt) - neighbor.rttvar) / 4
    neighbor.srtt += (rtt - neighbor.srtt) / 8
  }

  /** From when on `neighbor` is to be suspected: some beats in a row are missing, and this member hears well. */
  suspectAt(neighbor: Neighbor, now: number): number {
    return this.#missedAt(neighbor, this.#config.beatsMissed, 1 + this.#health.score(now))
  }

  #missedAt(neighbor: Neighbor, beats: number, stretch: number): number {
    const { beatMillis, beatTimeoutMillis: least } = this.#config
    const timeout = beatTimeoutMillis(neighbor.srtt, neighbor.rttvar, least)
    return neighbor.lastHeard + this.#stretched(neighbor, (beats * beatMillis + timeout) * stretch)
  }

  /** From when on the silence is so long that the link is given up. */
  silentAt(neighbor: Neighbor): number {
    return neighbor.lastHeard + this.#stretched(neighbor, this.#config.silenceMillis)
  }

  /** A hidden page beats late, a frozen one not at all. */
  #stretched({ visibility }: Neighbor, millis: number): number {
    const { hiddenFactor, frozenMillis } = this.#config
    if (visibility === 'frozen') return frozenMillis + millis
    return visibility === 'hidden' ? millis * hiddenFactor : millis
  }
}

function echoOf(neighbor: Neighbor, now: number): number {
  return neighbor.peerTime === undefined
    ? 0
    : Math.floor(neighbor.peerTime.value + (now - neighbor.peerTime.at))
}
