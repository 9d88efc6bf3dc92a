/**
 * Heartbeats on links: a member that was silent for a period says that it lives, with its digest and the time.
 * Nothing is acknowledged; the echoed time gives the round trip, as TCP timestamps do (RFC 7323, section 4).
 */

import { bytesEqual } from '../../../base/bytes.js'
import type { MemberRecord } from '../../../base/member.js'
import { jittered } from '../../../base/random.js'
import type { HeartbeatFrame, RisenLease, Visibility } from '../../wire/frame.js'
import { type EngineContext, type Part, sendTo } from '../context.js'
import { beatTimeoutMillis } from '../formulas.js'
import { News } from '../overlay/news.js'
import type { Neighbor } from '../overlay/peer-view.js'
import { hasSlot } from '../overlay/reader-slots.js'
import { FROZEN_MILLIS } from './presence-table.js'

/**
 * A silent link sends a heartbeat after this. More: later detection, less idle traffic, both in proportion. [SWIM
 * 2002, section 5: a period of 2 s; measured: bench detection]
 */
export const HEARTBEAT_MILLIS = 1_000
/**
 * A beat counts as missed this long after the last frame, plus the timeout. Less than a beat and its jitter of a
 * tenth: honest beats are missed. [measured: bench false-deaths]
 */
export const BEAT_MILLIS = 1_100
/**
 * Missed beats at which a watcher suspects. Less: sooner, and more refutations; more: later detection. [measured:
 * bench detection]
 */
export const BEATS_MISSED = 2
/**
 * Silence beyond this ends the link. Less: paths that would have recovered are given up; no WebRTC connection recovers
 * after 16 s. [measured: WebRTC in Node, partitions of 10 s and 40 s]
 */
export const SILENCE_MILLIS = 16_000
/**
 * A hidden tab's watchers wait this many times longer. Less: false suspicions, as browsers run hidden timers once a
 * minute at worst.
 */
const HIDDEN_FACTOR = 10

/** Heartbeats are spread by this share of the period. */
const JITTER_SHARE = 0.1
/** First ones by this share, so that links do not beat in step. */
const FIRST_BEAT_SHARE = 0.5
/** Heartbeats that are due so soon leave together: one tick for several links. */
const SLACK_MILLIS = 100
/** Announcements, and leases, in one heartbeat. */
const NEWS_MAX = 512

/** What is known of the beats of one neighbor. */
interface Pulse {
  lastHeard: number
  /** When the next heartbeat to it may be due. */
  nextBeat: number
  /** The variation of its round trip, in milliseconds (RFC 6298). */
  rttvar: number
  /** The last time that it told, and when that came here. */
  peerTime: { value: number; at: number } | undefined
  /** Risen leases that it has not been told of yet. */
  readonly leases: News<RisenLease>
}

export class Heartbeat implements Part {
  readonly #context: EngineContext
  readonly #self: { readonly selfRecord: MemberRecord }
  readonly #pulses = new Map<string, Pulse>()
  #visibility: Visibility = 'visible'

  constructor(context: EngineContext, self: { readonly selfRecord: MemberRecord }) {
    this.#context = context
    this.#self = self
  }

  linkUp({ id }: Neighbor, now: number): void {
    const { random } = this.#context
    this.#pulses.set(id, {
      lastHeard: now,
      nextBeat: now + jittered(random, HEARTBEAT_MILLIS, FIRST_BEAT_SHARE),
      rttvar: 0,
      peerTime: undefined,
      leases: new News((_earlier, later) => later),
    })
  }

  linkGone(id: string): void {
    this.#pulses.delete(id)
  }

  /** Any frame of `neighbor` says that it lives; one of a writer that was overdue says that links stall, or this member. */
  heard(neighbor: Neighbor, now: number): void {
    if (neighbor.record?.role === 'writer' && this.isLate(neighbor, now)) this.#context.health.late(now)
    this.#pulse(neighbor).lastHeard = now
  }

  /** Whatever was silent until now may have spoken while this member slept. */
  excuse(now: number): void {
    const recently = now - HEARTBEAT_MILLIS
    for (const pulse of this.#pulses.values()) pulse.lastHeard = Math.max(pulse.lastHeard, recently)
  }

  /** Whether a beat of `neighbor` is missing. */
  isLate(neighbor: Neighbor, now: number): boolean {
    return now >= this.#pulse(neighbor).lastHeard + BEAT_MILLIS && now >= this.#missedAt(neighbor, 1, 1)
  }

  /** When the next heartbeat to `neighbor` may be due. */
  dueAt(neighbor: Neighbor): number {
    return this.#pulse(neighbor).nextBeat
  }

  /** Tells `neighbor` at the end of its period what it is owed, and begins the next one: no silence is longer. */
  beat(neighbor: Neighbor, now: number): void {
    const { random, replica } = this.#context
    const pulse = this.#pulse(neighbor)
    if (now < pulse.nextBeat - SLACK_MILLIS) return
    const hasNews = neighbor.announcements.size > 0 || pulse.leases.size > 0
    const isTold = neighbor.toldDigest !== undefined && bytesEqual(neighbor.toldDigest, replica.digest())
    const wasBusy = now < neighbor.lastSent + HEARTBEAT_MILLIS * (1 - JITTER_SHARE)
    if (!isTold || !wasBusy || hasNews) this.#send(neighbor, now)
    pulse.nextBeat = neighbor.lastSent + jittered(random, HEARTBEAT_MILLIS, JITTER_SHARE)
  }

  /** Tells the watchers how long to wait for this member from now on. */
  show(visibility: Visibility, now: number): void {
    this.#visibility = visibility
    for (const neighbor of this.#context.view.established()) this.#send(neighbor, now)
  }

  /**
   * Leases are in no hurry: they ride on the next heartbeat of each link, but of the one that they came by. A link without
   * HELLO was told an older lease by this member's own one.
   */
  passLease(risen: RisenLease, from: string | undefined): void {
    for (const [id, { leases }] of this.#pulses) if (id !== from) leases.add(risen)
  }

  #send(neighbor: Neighbor, now: number): void {
    const { replica, view } = this.#context
    const { leases, peerTime } = this.#pulse(neighbor)
    const digest = replica.digest()
    neighbor.toldDigest = digest
    // The newest leave first: the other side may still need those.
    const announced = neighbor.announcements.take().slice(-NEWS_MAX)
    const risen = leases.take()
    for (const lease of risen.slice(NEWS_MAX)) leases.add(lease)
    const beat: HeartbeatFrame = {
      type: 'heartbeat',
      digest,
      time: Math.floor(now),
      echo: peerTime === undefined ? 0 : Math.floor(peerTime.value + (now - peerTime.at)),
      visibility: this.#visibility,
      hasSlot: hasSlot(this.#self.selfRecord, view),
      announced,
      leases: risen.slice(0, NEWS_MAX),
    }
    sendTo(this.#context, neighbor, beat, now)
  }

  /** Takes round trip, visibility and slot out of a heartbeat (RFC 6298, section 2: alpha = 1/8, beta = 1/4). */
  receive(neighbor: Neighbor, frame: HeartbeatFrame, now: number): void {
    this.#pulse(neighbor).peerTime = { value: frame.time, at: now }
    neighbor.visibility = frame.visibility
    neighbor.hasSlot = frame.hasSlot
    this.#measure(neighbor, frame, now)
  }

  #measure(neighbor: Neighbor, frame: HeartbeatFrame, now: number): void {
    if (frame.echo === 0) return
    const rtt = now - frame.echo
    // An echo from the future, or from long ago, is a lie or a leftover.
    if (rtt < 0 || rtt > SILENCE_MILLIS) return
    const pulse = this.#pulse(neighbor)
    if (neighbor.srtt === undefined) {
      neighbor.srtt = rtt
      pulse.rttvar = rtt / 2
      return
    }
    pulse.rttvar += (Math.abs(neighbor.srtt - rtt) - pulse.rttvar) / 4
    neighbor.srtt += (rtt - neighbor.srtt) / 8
  }

  /** From when on `neighbor` is to be suspected: some beats in a row are missing, and this member hears well. */
  suspectAt(neighbor: Neighbor, now: number): number {
    const { health } = this.#context
    return this.#missedAt(neighbor, BEATS_MISSED, 1 + health.score(now))
  }

  #missedAt(neighbor: Neighbor, beats: number, stretch: number): number {
    const { lastHeard, rttvar } = this.#pulse(neighbor)
    const timeout = beatTimeoutMillis(neighbor.srtt, rttvar)
    return lastHeard + this.#stretched(neighbor, (beats * BEAT_MILLIS + timeout) * stretch)
  }

  /** From when on the silence is so long that the link is given up. */
  silentAt(neighbor: Neighbor): number {
    return this.#pulse(neighbor).lastHeard + this.#stretched(neighbor, SILENCE_MILLIS)
  }

  /** A hidden page beats late, a frozen one not at all. */
  #stretched({ visibility }: Neighbor, millis: number): number {
    if (visibility === 'frozen') return FROZEN_MILLIS + millis
    return visibility === 'hidden' ? millis * HIDDEN_FACTOR : millis
  }

  #pulse({ id }: Neighbor): Pulse {
    const pulse = this.#pulses.get(id)
    if (pulse === undefined) throw new Error(`no link to ${id}`)
    return pulse
  }
}
