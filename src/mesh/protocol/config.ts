/**
 * The numbers of the protocol that something sets, as the mutants of the simulator do: unit in the name, what it is, what
 * moves when it moves, and in brackets where it comes from: a paper with its section, or "measured" with what shows it.
 * docs/PROTOCOL.md lists them; a test compares it with this file. All other numbers are constants beside their use.
 */

export interface ProtocolConfig {
  // Overlay
  /**
   * Links that a member of a large cluster keeps. More: earlier arrival, more idle traffic. [HyParView 2007, section
   * 4.1: log10(N) + c; measured: bench propagation]
   */
  linksTarget: number
  /** A member with fewer looks for more. More: every crash makes six members dial. [measured: bench links] */
  linksLow: number
  /**
   * A member with more refuses. More: less even degrees; less: joins fail while two interleaves are open. [measured:
   * bench links]
   */
  linksHigh: number
  /**
   * Up to this many others everyone links to everyone. More: a small cluster keeps more links than a large one.
   * [measured: bench links]
   */
  meshOthers: number
  /**
   * Signaling is asked for random members every max(this, N x 30 ms). More: a split heals later.
   * [measured: bench split]
   */
  introduceMillis: number

  // Liveness
  /**
   * A suspicion's timer with all confirmations. Less: a subject behind a stalled link has no time to answer.
   * [Lifeguard 2017, section IV-B; measured: bench false-deaths]
   */
  suspicionMinMillis: number
  /**
   * The timer without any. More: crashes that one watcher sees are found later. [Lifeguard 2017, section IV-B;
   * measured: bench detection]
   */
  suspicionMaxMillis: number
  /**
   * The highest score of local health: timers are stretched by 1 + the score. More: crashes in a storm of losses are
   * found later; less: the living are removed in it. [Lifeguard 2017, section IV-A: 8; measured: bench false-deaths]
   */
  healthMax: number
  /**
   * A gap between two ticks above this means that this member slept. Less: a busy process counts as asleep.
   * [measured: mutant "accuses after a sleep"]
   */
  sleepMillis: number
  /**
   * A Node member whose lease stood still for this many periods is suspected: perhaps nobody watches it. Less:
   * leases that are late cause floods. [measured: bench detection]
   */
  leasesSuspected: number
  /** A member whose lease stood still for this many periods is gone. Less: a lost entry costs a life. [measured: mutant "no lease"] */
  leasesMissed: number
  /** The incarnation of a removed member is remembered for this long. Less: a late rumor revives it. [measured: mutant
   * "the dead are not remembered"] */
  tombstoneMillis: number
}

export const DEFAULT_CONFIG: Readonly<ProtocolConfig> = {
  linksTarget: 6,
  linksLow: 5,
  linksHigh: 8,
  meshOthers: 7,
  introduceMillis: 30_000,
  suspicionMinMillis: 1_400,
  suspicionMaxMillis: 6_000,
  healthMax: 15,
  sleepMillis: 5_000,
  leasesSuspected: 1.5,
  leasesMissed: 4,
  tombstoneMillis: 15 * 60_000,
}
