/**
 * Every number of the protocol: unit in the name, where it comes from, and what moves when it moves. "guess"
 * marks a number that nobody has measured yet.
 */

export interface ProtocolConfig {
  /** Up to this many other members everyone links to everyone. Measured: 7 links carry 100 writes/s with ease. */
  meshLinks: number
  /** In a larger cluster a member dials while it has fewer links. HyParView 2007: log10(N) + c; 6 serves N = 1,000. */
  wantedLinks: number
  /** More links than this are refused, or one is evicted for a member that has none. Above it memory per member grows. */
  linksMax: number
  /** Dials of the overlay at once; the transport bounds handshakes in the process besides. Higher joins sooner and costs descriptors. */
  dialsMax: number
  /** A dial that the transport never answered is given up after this; longer than any transport's own limit. */
  dialMillis: number
  /** First pause after a failed dial of one member; doubles up to `dialBackoffMaxMillis`. Guess. */
  dialBackoffMinMillis: number
  dialBackoffMaxMillis: number
  /** How often signaling is asked for random members; heals splits. Lower heals sooner and costs signaling. Guess. */
  introduceMillis: number
  /** While a member has no link it asks this often. Guess. */
  introduceAloneMillis: number
  /** A link without HELLO is closed after this. security.md: 5 s. */
  helloMillis: number
  /** A silent link sends a heartbeat after this. SWIM 2002 uses 1-2 s; detection time is proportional to it. */
  heartbeatMillis: number
  /** A link that brought nothing for so long is dropped and its member suspected: 3 beats and 700 ms of delay. */
  silenceMillis: number
  /** A suspected member that does not answer within this is removed. Lifeguard uses 2-6 s at this beat. */
  suspicionMillis: number
  /** A member answers suspicions at most this often. Lower answers storms with storms. Guess. */
  refuteMillis: number
  /** A member renews its record this often, so that one whom nobody watches does not stay for ever. Guess. */
  leaseMillis: number
  /** A member that missed this many renewals is removed. Guess. */
  leasesMissed: number
  /** The incarnation of a removed member is remembered for this long, so that a late rumor does not revive it. */
  tombstoneMillis: number
  tombstonesMax: number
  /** A gap between two ticks above this means that this member slept, not that the others died. */
  sleepMillis: number
  /** Anti-entropy with one random neighbor this often. Lower repairs sooner and costs idle traffic. */
  antiEntropyMillis: number
  /** Two digests that differ and have both stood still for this long start a sync. Below a round trip it syncs for nothing. */
  mismatchMillis: number
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
  /** Updates that wait for what they follow. */
  holdBackMax: number
  holdBackBytesMax: number
  /** An update that waited this long starts a sync. */
  holdBackMillis: number
  /** Origins whose sequence numbers are remembered; beyond it the least recent is dropped. */
  originsMax: number
  /** Sequence numbers remembered above the contiguous ones of an origin. */
  originGapsMax: number
}

export const DEFAULT_CONFIG: Readonly<ProtocolConfig> = {
  meshLinks: 7,
  wantedLinks: 6,
  linksMax: 8,
  dialsMax: 2,
  dialMillis: 20_000,
  dialBackoffMinMillis: 500,
  dialBackoffMaxMillis: 30_000,
  introduceMillis: 30_000,
  introduceAloneMillis: 2_000,
  helloMillis: 5_000,
  heartbeatMillis: 1_000,
  silenceMillis: 4_000,
  suspicionMillis: 3_000,
  refuteMillis: 500,
  leaseMillis: 30_000,
  leasesMissed: 4,
  tombstoneMillis: 15 * 60_000,
  tombstonesMax: 1_024,
  sleepMillis: 5_000,
  antiEntropyMillis: 10_000,
  mismatchMillis: 300,
  syncsOutMax: 2,
  syncsInMax: 2,
  syncWindow: 2,
  syncIdleMillis: 10_000,
  syncRetryMillis: 1_000,
  holdBackMax: 4_096,
  holdBackBytesMax: 4 * 1024 * 1024,
  holdBackMillis: 250,
  originsMax: 4_096,
  originGapsMax: 1_024,
}
