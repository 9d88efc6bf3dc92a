/**
 * Every number of the protocol: unit in the name, where it comes from, and what moves when it moves. "guess"
 * marks a number that nobody has measured yet.
 */

export interface ProtocolConfig {
  // Overlay
  /** Links that a member of a large cluster keeps. HyParView 2007, section 4: log10(N) + c. Fewer: later arrival. */
  linksTarget: number
  /** A member with fewer looks for more. One below the target, or every crash would make six members dial. */
  linksLow: number
  /** More are refused. Room for two interleaves at once above the target. */
  linksHigh: number
  /** Up to this many others everyone links to everyone: as many links as a large cluster needs at most. */
  meshOthers: number
  /** An isolated member may push somebody out, but only of a member that keeps this many. protocol.md. */
  evictFrom: number
  /** Dials of the overlay at once; the transport bounds handshakes in the process besides. */
  dialsMax: number
  /** A dial that the transport never answered is given up after this; longer than any transport's own limit. */
  dialMillis: number
  /** First pause after a failed dial of one member; doubles up to `dialBackoffMaxMillis`. protocol.md. */
  dialBackoffMinMillis: number
  dialBackoffMaxMillis: number
  /** An interleave that is not confirmed by then is forgotten. A dial may take 15 s. */
  interleaveMillis: number
  /** Signaling is asked for random members every max(introduceMillis, N x introduceMillisPerMember). Heals splits. */
  introduceMillis: number
  introduceMillisPerMember: number
  /** While a member has no link it asks this often. Guess. */
  introduceAloneMillis: number
  /** A link without HELLO is closed after this. security.md. */
  helloMillis: number

  // Liveness
  /** A silent link sends a heartbeat after this. SWIM 2002 uses 1-2 s; detection time is proportional to it. */
  heartbeatMillis: number
  /** A beat counts as missed this long after the last frame, plus the timeout; a tenth of jitter above the beat. */
  beatMillis: number
  /** What delay is granted at least, above srtt + 4 rttvar (RFC 6298). Covers a retransmission. */
  beatTimeoutMillis: number
  /** Missed beats at which a watcher suspects. Fewer: sooner, and more refutations. Measured: bench detection. */
  beatsMissed: number
  /** Silence beyond this ends the link: at 16 s no WebRTC connection recovers (webrtc facts). */
  silenceMillis: number
  /** The suspicion's timer with and without confirmations. Lifeguard, section 4.2. Measured: bench false-deaths. */
  suspicionMinMillis: number
  suspicionMaxMillis: number
  /** Confirmations at which the timer is shortest. Lifeguard's k. */
  confirmations: number
  /** A member answers suspicions at most this often. protocol.md. */
  refuteMillis: number
  /** After a sleep a member accuses nobody for this long. protocol.md. */
  humbleMillis: number
  /** A gap between two ticks above this means that this member slept, not that the others died. */
  sleepMillis: number
  /** A hidden tab's watchers wait this many times longer: browsers run its timers once a minute at worst. */
  hiddenFactor: number
  /** Leases rise every max(leaseMillis, N x leaseMillisPerMember): 1,000 members cost 17 small frames a second. */
  leaseMillis: number
  leaseMillisPerMember: number
  /** A member whose lease stood still for this many periods is gone. protocol.md. */
  leasesMissed: number
  /** The incarnation of a removed member is remembered for this long, so that a late rumor does not revive it. */
  tombstoneMillis: number
  tombstonesMax: number
  /** How often the table looks for who is due. Finer costs ticks, coarser adds to detection. */
  tableTickMillis: number

  // Broadcast
  /** An origin with this many updates within `ownTreeMillis` gets a tree of its own. Fewer: slow writers flood. */
  ownTreeUpdates: number
  ownTreeMillis: number
  /** The tree of an idle origin is forgotten after this. protocol.md. */
  treeIdleMillis: number
  /** A busy origin gives its tree a new shape after so many updates, or so long: one flood, 4 copies more. */
  reshapeUpdates: number
  reshapeMillis: number
  /** The member with the least id gives the shared tree a new shape this often. Each costs a small flood. */
  beaconMillis: number
  /** An announced but missing update is asked for after clamp(2 srtt + 20, min, max). Plumtree 2007, section 3.8. */
  graftMinMillis: number
  graftMaxMillis: number
  /** Updates kept to answer grafts. protocol.md. */
  cachedMax: number
  cachedBytesMax: number
  cachedMillis: number
  /** Updates that wait for what they follow. */
  holdBackMax: number
  holdBackBytesMax: number
  /** An update that waited this long starts a sync. */
  holdBackMillis: number
  /** Origins whose sequence numbers and trees are remembered; beyond it the least recent is dropped. */
  originsMax: number
  /** Sequence numbers remembered above the contiguous ones of an origin. */
  originGapsMax: number

  // Sync
  /** Anti-entropy with one random neighbor this often. Lower repairs sooner and costs idle traffic. */
  antiEntropyMillis: number
  /** Two digests that differ and have both stood still for this long start a sync. */
  mismatchMillis: number
  /** After a sync that brought news the other neighbors hear of it within this. protocol.md. */
  spreadMillis: number
  /** Syncs that this member asks for at once. */
  syncsOutMax: number
  /** Syncs that it serves at once; the rest hears "busy". */
  syncsInMax: number
  /** Parts of a sync on their way at once. 2 keep a link busy and 512 KiB in flight. */
  syncWindow: number
  /** A sync without progress ends after this. */
  syncIdleMillis: number
  /** After "busy" or a failed sync the same neighbor is not asked for this long. Guess. */
  syncRetryMillis: number
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
  suspicionMinMillis: 1_200,
  suspicionMaxMillis: 6_000,
  confirmations: 2,
  refuteMillis: 500,
  humbleMillis: 10_000,
  sleepMillis: 5_000,
  hiddenFactor: 10,
  leaseMillis: 30_000,
  leaseMillisPerMember: 60,
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
  originGapsMax: 1_024,

  antiEntropyMillis: 10_000,
  mismatchMillis: 300,
  spreadMillis: 300,
  syncsOutMax: 2,
  syncsInMax: 2,
  syncWindow: 2,
  syncIdleMillis: 10_000,
  syncRetryMillis: 1_000,
}
