/**
 * Every number of the protocol: unit in the name, what it is, what moves when it moves, and in brackets where it comes from:
 * a paper with its section, "measured" with the bench that shows it, or "guess" for what nobody has measured yet.
 * docs/PROTOCOL.md lists them all; a test compares it with this file.
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
   * An isolated member may push somebody out, but only of a member with this many others. Less: a poor member gets
   * poorer. [guess]
   */
  evictFrom: number
  /**
   * Dials of the overlay at once; the transport bounds handshakes in the process besides. More: faster joins, more
   * dials in vain. [guess]
   */
  dialsMax: number
  /**
   * A dial that the transport never answered is given up after this. Less than the transport's own limit of 15 s:
   * dials are counted as failed that succeed. [guess]
   */
  dialMillis: number
  /**
   * First pause after a failed dial of one member, doubled each time. Less: dead members are dialed more often.
   * [guess]
   */
  dialBackoffMinMillis: number
  /** The longest such pause. More: a member that was away is found later. [guess] */
  dialBackoffMaxMillis: number
  /**
   * An interleave that is not confirmed by then is forgotten. Less: links are handed over twice when a dial takes
   * its 15 s. [guess]
   */
  interleaveMillis: number
  /**
   * Signaling is asked for random members every max(this, N x introduceMillisPerMember). More: a split heals later.
   * [measured: bench split]
   */
  introduceMillis: number
  /**
   * The share of one member in that period: all members together ask 33 times a second at most. More: a split of a
   * large cluster heals later. [measured: bench split]
   */
  introduceMillisPerMember: number
  /** A member without a link asks this often. Less: more load on a signaling server that comes back. [guess] */
  introduceAloneMillis: number
  /**
   * A link without HELLO is closed after this. Less: slow handshakes are cut off; more: silent strangers hold links.
   * [guess]
   */
  helloMillis: number

  // Liveness
  /**
   * A silent link sends a heartbeat after this. More: later detection, less idle traffic, both in proportion. [SWIM
   * 2002, section 5: a period of 2 s; measured: bench detection]
   */
  heartbeatMillis: number
  /**
   * A beat counts as missed this long after the last frame, plus the timeout. Less than a beat and its jitter of a
   * tenth: honest beats are missed. [measured: bench false-deaths]
   */
  beatMillis: number
  /**
   * What delay is granted at least, above srtt + 4 rttvar. Less: a retransmission counts as a miss; more: later
   * detection. [RFC 6298, section 2, with a lower floor; measured: bench false-deaths]
   */
  beatTimeoutMillis: number
  /**
   * Missed beats at which a watcher suspects. Less: sooner, and more refutations; more: later detection. [measured:
   * bench detection]
   */
  beatsMissed: number
  /**
   * Silence beyond this ends the link. Less: paths that would have recovered are given up; no WebRTC connection
   * recovers after 16 s. [measured: WebRTC in Node, partitions of 10 s and 40 s]
   */
  silenceMillis: number
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
   * Confirmations at which the timer is shortest, Lifeguard's k. More: later detection, fewer false deaths.
   * [Lifeguard 2017, section V: k = 3; measured: bench detection]
   */
  confirmations: number
  /**
   * The highest score of local health: timers are stretched by 1 + the score. More: crashes in a storm of losses are
   * found later; less: the living are removed in it. [Lifeguard 2017, section IV-A: 8; measured: bench false-deaths]
   */
  healthMax: number
  /** The score falls by one in so long without anything late. More: the same. [measured: bench false-deaths] */
  healthMillis: number
  /**
   * A member answers suspicions at most this often. Less: a liar causes more traffic; more: an answer may come after
   * the timer. [guess]
   */
  refuteMillis: number
  /**
   * After a sleep a member suspects nobody for this long. Less: who wakes suspects those who slept with it. [guess]
   */
  humbleMillis: number
  /**
   * A gap between two ticks above this means that this member slept. Less: a busy process counts as asleep. [guess]
   */
  sleepMillis: number
  /**
   * After a sleep of this length a member does not trust its table, and fetches it anew. Less than the tombstones last, as the others
   * have to remember who has gone meanwhile; much less: tables are fetched for nothing. [guess]
   */
  staleMillis: number
  /**
   * A hidden tab's watchers wait this many times longer. Less: false suspicions, as browsers run hidden timers once
   * a minute at worst. [guess]
   */
  hiddenFactor: number
  /**
   * A page that said that it is being stopped is not missed for this long. Less: paused tabs die; more: crashed ones
   * stay. [guess]
   */
  frozenMillis: number
  /** What a member shows of itself is told at most this often. Less: more traffic of cursors. [guess] */
  presenceMillis: number
  /**
   * After its first link a member waits so long, for its record to be everywhere. Less: others do not know whose
   * presence it is, and a repair has to tell them. [guess]
   */
  presenceJoinMillis: number
  /**
   * Leases rise every max(this, N x leaseMillisPerMember). More: a member that nobody watches stays longer.
   * [measured: bench detection]
   */
  leaseMillis: number
  /**
   * The share of one member in that period: 1,000 members cost 17 small entries a second. Less: more idle traffic.
   * [measured: bench idle]
   */
  leaseMillisPerMember: number
  /**
   * A Node member whose lease stood still for this many periods is suspected: perhaps nobody watches it. Less:
   * leases that are late cause floods. [measured: bench detection]
   */
  leasesSuspected: number
  /** A member whose lease stood still for this many periods is gone. Less: a lost entry costs a life. [guess] */
  leasesMissed: number
  /** The incarnation of a removed member is remembered for this long. Less: a late rumor revives it. [guess] */
  tombstoneMillis: number
  /** So many are remembered, or twice the members if that is more. Less: the same. [guess] */
  tombstonesMax: number
  /** How often the table looks who is due. More: adds to detection; less: costs ticks. [guess] */
  tableTickMillis: number

  // Broadcast
  /**
   * An origin with this many updates within `ownTreeMillis` is busy, and gets a tree of its own. Less: slow writers flood.
   * [measured: bench propagation]
   */
  ownTreeUpdates: number
  /** See `ownTreeUpdates`. More: more origins have trees, and flood to shape them. [measured: bench redundancy] */
  ownTreeMillis: number
  /** The tree of an idle origin is forgotten after this. More: memory. [guess] */
  treeIdleMillis: number
  /**
   * A busy origin gives its tree a new shape after so many updates. Less: one flood of an empty envelope more, each time.
   * [measured: bench redundancy]
   */
  reshapeUpdates: number
  /** Or after so long. More: a tree stays longer in the shape of old delays. [measured: bench propagation] */
  reshapeMillis: number
  /**
   * The member with the least id gives the shared tree a new shape this often. Less: a small flood each time.
   * [measured: bench redundancy]
   */
  beaconMillis: number
  /**
   * An announced but missing update is asked for after clamp(2 srtt + 20, this, graftMaxMillis). Less: grafts for
   * what is on its way. [Plumtree 2007, section 3.8; measured: bench loss]
   */
  graftMinMillis: number
  /**
   * The longest such wait, and the pause before the next holder is asked. More: losses are repaired later. [Plumtree
   * 2007, section 3.8; measured: bench loss]
   */
  graftMaxMillis: number
  /** Updates kept to answer grafts. Less: more is left to syncs. [guess] */
  cachedMax: number
  /** Their bytes. More: memory. [guess] */
  cachedBytesMax: number
  /** Their age, and how long an update waits for what it follows. Less: more is left to syncs. [guess] */
  cachedMillis: number
  /** Updates that wait for what they follow. Less: more is left to syncs. [guess] */
  holdBackMax: number
  /** Their bytes. More: memory. [guess] */
  holdBackBytesMax: number
  /** An update that waited this long starts a sync. Less: syncs for what is on its way. [measured: bench loss] */
  holdBackMillis: number
  /** Origins whose trees are remembered, the least recent dropped. Less: a tree takes its shape anew. [guess] */
  originsMax: number
  /** Acknowledgements that did not come are asked for again after this, doubled each time. Less: floods in vain. [guess] */
  ackRetryMillis: number
  /** The longest such pause. More: a member that was away is heard of later. [guess] */
  ackRetryMaxMillis: number
  /** Neighbors are asked for acknowledgements at most this often. More: who writes and waits in turn waits longer. [guess] */
  ackGapMillis: number
  /** All members are asked at most this often. Less: more answers, one of each member every time. [guess] */
  ackFloodGapMillis: number

  // Sync
  /**
   * Anti-entropy with one random neighbor this often. More: what nothing else repairs is repaired later; less: idle
   * traffic. [guess]
   */
  antiEntropyMillis: number
  /**
   * Two digests that differ and have both stood still for this long start a sync. Less: syncs for what is on its
   * way. [measured: bench loss]
   */
  mismatchMillis: number
  /**
   * After a sync that brought news the other neighbors hear of it within this. More: a healed split closes later.
   * [measured: bench split]
   */
  spreadMillis: number
  /** Syncs that this member asks for at once. More: the same data comes several times. [guess] */
  syncsOutMax: number
  /** Syncs that it serves at once; the rest hears "busy". More: memory, and each takes longer. [guess] */
  syncsInMax: number
  /**
   * Parts of a sync on their way at once, 128 KiB each. Less: the link rests for a round trip; more: memory.
   * [measured: bench first-sync]
   */
  syncWindow: number
  /** A sync without progress ends after this. Less: slow links never finish. [guess] */
  syncIdleMillis: number
  /**
   * After "busy" or a failed sync the same neighbor is not asked for this long. Less: more questions in vain.
   * [guess]
   */
  syncRetryMillis: number
  /**
   * A neighbor whose difference does not fit in here, as this member is full, is not asked for this long. Less: the
   * same megabytes again and again. [guess]
   */
  syncFullMillis: number
}

export const DEFAULT_CONFIG: Readonly<ProtocolConfig> = {
  linksTarget: 6,
  linksLow: 5,
  linksHigh: 8,
  meshOthers: 7,
  evictFrom: 3,
  dialsMax: 2,
  dialMillis: 20_000,
  dialBackoffMinMillis: 500,
  dialBackoffMaxMillis: 30_000,
  interleaveMillis: 20_000,
  introduceMillis: 30_000,
  introduceMillisPerMember: 30,
  introduceAloneMillis: 2_000,
  helloMillis: 5_000,

  heartbeatMillis: 1_000,
  beatMillis: 1_100,
  beatTimeoutMillis: 700,
  beatsMissed: 2,
  silenceMillis: 16_000,
  suspicionMinMillis: 1_400,
  suspicionMaxMillis: 6_000,
  confirmations: 2,
  healthMax: 15,
  healthMillis: 4_000,
  refuteMillis: 500,
  humbleMillis: 10_000,
  sleepMillis: 5_000,
  staleMillis: 10 * 60_000,
  hiddenFactor: 10,
  frozenMillis: 90_000,
  presenceMillis: 200,
  presenceJoinMillis: 500,
  leaseMillis: 30_000,
  leaseMillisPerMember: 60,
  leasesSuspected: 1.5,
  leasesMissed: 4,
  tombstoneMillis: 15 * 60_000,
  tombstonesMax: 1_024,
  tableTickMillis: 100,

  ownTreeUpdates: 3,
  ownTreeMillis: 10_000,
  treeIdleMillis: 10 * 60_000,
  reshapeUpdates: 200,
  reshapeMillis: 60_000,
  beaconMillis: 15_000,
  graftMinMillis: 60,
  graftMaxMillis: 250,
  cachedMax: 4_096,
  cachedBytesMax: 4 * 1024 * 1024,
  cachedMillis: 60_000,
  holdBackMax: 4_096,
  holdBackBytesMax: 4 * 1024 * 1024,
  holdBackMillis: 250,
  originsMax: 4_096,
  ackRetryMillis: 500,
  ackRetryMaxMillis: 4_000,
  ackGapMillis: 10,
  ackFloodGapMillis: 50,

  antiEntropyMillis: 10_000,
  mismatchMillis: 300,
  spreadMillis: 300,
  syncsOutMax: 2,
  syncsInMax: 2,
  syncWindow: 4,
  syncIdleMillis: 10_000,
  syncRetryMillis: 1_000,
  syncFullMillis: 10 * 60_000,
}
