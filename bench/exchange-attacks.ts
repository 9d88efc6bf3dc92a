/** The attacks by what is not a broadcast: differences, summaries, checkpoints and frames. */
import type { Attack, Entrance } from './attack.js'
import { checkpoint, dead, float, item, kill, type Part, pack, run, update } from './packing.js'

const STRANGER = 0x1234567890abc
const FAR = Number.MAX_SAFE_INTEGER
const COUNTER_MAX = 2 ** 40
const NOTHING = update([])
/** Nothing said of sessions, nothing of live dots. */
const TOLD_NOTHING = pack(0, 0)
const LIVE_NOTHING = pack(0, 0)

function by(
  through: Entrance,
): (name: string, expected: string, bytes: Attack['bytes'], more?: Partial<Attack>) => Attack {
  return (name, expected, bytes, more) => ({ name, through, expected, bytes, ...more })
}

const byDifference = by('difference')
const bySummary = by('summary')
const byCheckpoint = by('checkpoint')
const byFrame = by('frame')

/** A difference against a summary of version 0, which condemns nothing that is live. */
function difference(
  inside: Uint8Array,
  told = TOLD_NOTHING,
  live = LIVE_NOTHING,
  version = 0,
): Attack['bytes'] {
  return ({ clock }) => pack(clock, version, inside, told, live)
}

function oneItem(stamp: number, session = STRANGER, clock = 0): Uint8Array {
  return update([run(session, clock, [item({ key: 'a', meta: float(stamp) })])])
}

const DIFFERENCES: readonly Attack[] = [
  byDifference(
    'a difference with a context of 2^40 of an unknown session',
    'applied',
    difference(update([run(STRANGER, 0, [dead(2 * COUNTER_MAX)])])),
  ),
  byDifference(
    'a difference with a context of 2^40 of the own session',
    'applied',
    (scene) => difference(update([run(scene.own.session, 0, [dead(2 * COUNTER_MAX)])]))(scene),
    { forks: true },
  ),
  byDifference(
    'a difference with a context beyond 2^40',
    'offence counter',
    difference(update([run(STRANGER, 0, [dead(2 * COUNTER_MAX + 2)])])),
  ),
  byDifference('a difference that begins beyond what is known', 'early', (scene) =>
    difference(oneItem(scene.stamp, STRANGER, 4))(scene),
  ),
  byDifference(
    'a difference of a few bytes that says that all is dead',
    'applied',
    difference(NOTHING, TOLD_NOTHING, LIVE_NOTHING, FAR),
  ),
  byDifference('a difference with an entry from the year 4190', 'refused clock', difference(oneItem(FAR))),
  byDifference(
    'a difference with an infinite stamp',
    'offence meta',
    difference(oneItem(Number.POSITIVE_INFINITY)),
  ),
  byDifference(
    'a difference with a clock inside',
    'offence session',
    difference(update([run(0, 0, [dead(FAR)])])),
  ),
  byDifference('a difference with a delete set', 'offence limit', (scene) =>
    difference(update([], [kill(scene.peer.session, [0, 2])]))(scene),
  ),
  byDifference('a difference that claims 2^30 sessions', 'offence limit', difference(pack(2 ** 30))),
  byDifference('a difference that claims 2^30 structs', 'offence limit', difference(pack(1, 2 ** 30, 7, 0))),
  byDifference(
    'a difference that claims a million structs in no bytes',
    'offence malformed',
    difference(pack(1, 2 ** 20, 7, 0)),
  ),
  byDifference('a difference with a flag of 2', 'offence malformed', difference(NOTHING, pack(2, 0))),
  byDifference(
    'a difference that tells of a session twice',
    'offence malformed',
    difference(NOTHING, pack(0, 2, 7, 1, 7, 2)),
  ),
  byDifference(
    'a difference with a bitmap that was cut',
    'offence malformed',
    difference(NOTHING, pack(1, new Uint8Array(9)), new Uint8Array()),
  ),
  byDifference(
    'a difference that claims 2^30 live sessions',
    'offence limit',
    difference(NOTHING, TOLD_NOTHING, pack(0, 2 ** 30)),
  ),
  byDifference(
    'a difference that claims 2^20 live dots',
    'offence limit',
    difference(NOTHING, TOLD_NOTHING, pack(0, 1, 7, 2 ** 20, 0)),
  ),
  byDifference(
    'a difference that claims 100,000 live dots in no bytes',
    'offence malformed',
    difference(NOTHING, TOLD_NOTHING, pack(0, 1, 7, 100_000)),
  ),
  byDifference(
    'a difference that names live dots of a session twice',
    'offence malformed',
    difference(NOTHING, TOLD_NOTHING, pack(0, 2, 7, 1, 0, 7, 1, 1)),
  ),
  byDifference(
    'a difference that claims 2^30 contested writes',
    'offence limit',
    difference(NOTHING, TOLD_NOTHING, pack(0, 0, 2 ** 30)),
  ),
  byDifference(
    'a difference with a contested write of another root',
    'offence root',
    difference(
      NOTHING,
      TOLD_NOTHING,
      pack(0, 0, 1, STRANGER, 0, item({ root: 'sys', key: 'a', meta: float(1) })),
    ),
  ),
  byDifference(
    'a difference with a contested write from the year 4190',
    'refused clock',
    difference(NOTHING, TOLD_NOTHING, pack(0, 0, 1, STRANGER, 0, item({ key: 'a', meta: float(FAR) }))),
  ),
  byDifference(
    'a difference with a step into the fifth generation',
    'offence',
    difference(NOTHING, TOLD_NOTHING, pack(0, 0, 1, 5 * 2 ** 32, 4 * 2 ** 32, 1, 0)),
  ),
  byDifference(
    'a difference with a byte beyond the end',
    'offence trailing',
    difference(NOTHING, TOLD_NOTHING, pack(0, 0, 0)),
  ),
  byDifference('a difference of no bytes', 'offence malformed', () => new Uint8Array()),
]

const SUMMARIES: readonly Attack[] = [
  bySummary('a summary of no bytes', 'malformed', () => new Uint8Array()),
  bySummary('a summary that lists 2^30 sessions', 'malformed', () => pack(0, 0, 2 ** 30)),
  bySummary('a summary that lists 1,001 sessions', 'malformed', () =>
    pack(0, 0, 1001, ...Array.from({ length: 1001 }, (_, i) => pack(i + 1, 1)), 0),
  ),
  bySummary('a summary that lists a session twice', 'malformed', () => pack(0, 0, 2, 7, 1, 7, 2, 0)),
  bySummary('a summary with hashes that were cut', 'malformed', () => pack(0, 1, new Uint8Array(99))),
  bySummary('a summary with a flag of 2', 'malformed', () => pack(0, 2, 0, 0)),
  bySummary('a summary with a byte beyond the end', 'malformed', () => pack(0, 0, 0, 0, 0)),
  bySummary('a summary that claims to know 2^53 - 1 writes', 'answered', ({ own, peer }) =>
    pack(FAR, 0, 2, own.session, FAR, peer.session, FAR, 0),
  ),
]

/** One session that is known up to 1, and alive. */
const ONE_LIVE = pack(1, STRANGER, 1, 0, 1)

function checkpointOf(stamp: number): Uint8Array {
  return checkpoint({ sessions: ONE_LIVE, entries: [item({ key: 'a', meta: float(stamp) })] })
}

/** Of one session. */
function sessionAttack(name: string, expected: string, ...parts: Part[]): Attack {
  const entries = [item({ key: 'a', meta: float(1) })]
  return byCheckpoint(name, expected, () => checkpoint({ sessions: pack(...parts), entries }))
}

const CHECKPOINTS: readonly Attack[] = [
  byCheckpoint('a checkpoint of no bytes', 'offence malformed', () => new Uint8Array()),
  byCheckpoint('a checkpoint without its hidden state', 'offence malformed', ({ stamp }) => oneItem(stamp)),
  byCheckpoint('a checkpoint that deletes an entry', 'offence malformed', ({ peer }) =>
    checkpoint({ sessions: 0, deletes: pack(2, 9, 1, 0, 1, kill(peer.session, [0, 2])) }),
  ),
  byCheckpoint('a checkpoint with a clock of 2^53 - 1', 'offence clock', () =>
    checkpoint({ clock: FAR, sessions: 0 }),
  ),
  byCheckpoint('a checkpoint with an entry from the year 4190', 'offence clock', () => checkpointOf(FAR)),
  byCheckpoint('a checkpoint with an infinite stamp', 'offence meta', () =>
    checkpointOf(Number.POSITIVE_INFINITY),
  ),
  byCheckpoint('a checkpoint with a nested map', 'offence content', () =>
    checkpoint({ sessions: ONE_LIVE, entries: [pack(0x27, 1, 'usr', 'a', 1)] }),
  ),
  byCheckpoint('a checkpoint with another root', 'offence root', () =>
    checkpoint({ sessions: ONE_LIVE, entries: [item({ root: 'sys', key: 'a', meta: float(1) })] }),
  ),
  byCheckpoint('a checkpoint that claims 2^30 structs', 'offence limit', () =>
    checkpoint({ sessions: 0, structs: 2 ** 30 }),
  ),
  byCheckpoint('a checkpoint that claims 2^30 sessions', 'offence limit', () =>
    checkpoint({ sessions: 2 ** 30 }),
  ),
  byCheckpoint('a checkpoint with more structs than entries', 'offence malformed', () =>
    checkpoint({ sessions: 0, structs: 3 }),
  ),
  sessionAttack(
    'a checkpoint that claims 2^39 live writes',
    'offence malformed',
    1,
    STRANGER,
    COUNTER_MAX,
    0,
    2 ** 39,
  ),
  sessionAttack(
    'a checkpoint with a context beyond 2^40',
    'offence counter',
    1,
    STRANGER,
    COUNTER_MAX + 1,
    0,
    1,
  ),
  sessionAttack('a checkpoint with a session of no writes', 'offence malformed', 1, STRANGER, 0, 1),
  sessionAttack('a checkpoint with a session twice', 'offence malformed', 2, STRANGER, 1, 0, 1, 0, 1, 1),
  sessionAttack('a checkpoint with a session beyond 2^53', 'offence malformed', 2, FAR, 1, 0, 1, 1, 1, 1),
  sessionAttack('a checkpoint with a length of nothing', 'offence malformed', 1, STRANGER, 2, 1, 0, 1),
  sessionAttack('a checkpoint with lengths beyond its context', 'offence malformed', 1, STRANGER, 2, 0, 3),
  sessionAttack('a checkpoint with a byte beyond its state', 'offence trailing', ONE_LIVE, 0),
  byCheckpoint('a checkpoint with a byte beyond the end', 'offence trailing', ({ stamp }) =>
    pack(checkpointOf(stamp), 0),
  ),
  byCheckpoint(
    'a checkpoint with a context of 2^40 of the own session',
    'applied',
    ({ own }) => checkpoint({ sessions: pack(1, own.session, COUNTER_MAX, COUNTER_MAX) }),
    { forks: true },
  ),
]

const MALFORMED = 'ERR_FRAME_MALFORMED'

/** A member frame whose record is this JSON. */
function memberFrame(record: string): Uint8Array {
  return pack(1, 25, 0, 'somebody', record, 1)
}

function record(extra: string): string {
  return `{"port":null,"protocol":"v1","kind":"node","role":"writer","session":1,"incarnation":1,"joined":1${extra}}`
}

const FRAMES: readonly Attack[] = [
  byFrame('a frame of no bytes', MALFORMED, () => new Uint8Array()),
  byFrame('a frame of another version', 'ERR_VERSION_MISMATCH', () => pack(2, 8, 0)),
  byFrame('a frame of an unknown type', 'skipped', () => pack(1, 99, 0, 1, 2, 3)),
  byFrame('a frame above 257 KiB', 'ERR_FRAME_TOO_LARGE', () => new Uint8Array(300 * 1024).fill(1)),
  byFrame('a digest that was cut', MALFORMED, () => pack(1, 8, 0, new Uint8Array(9))),
  byFrame('a digest with a flag of 7', MALFORMED, () => pack(1, 8, 0, new Uint8Array(16), 0, 7)),
  byFrame('a frame with a byte beyond the end', MALFORMED, () => pack(1, 8, 0, new Uint8Array(16), 0, 1, 0)),
  byFrame('gossip that claims 2^31 bytes', MALFORMED, () => pack(1, 4, 0, 'origin', 1, 1, 1, 2 ** 31)),
  byFrame('gossip of an origin of 2^31 characters', MALFORMED, () => pack(1, 4, 0, 2 ** 31)),
  byFrame('gossip of an origin that is no word', MALFORMED, () => pack(1, 4, 0, 'a b\n', 1, 1, 1, 0)),
  byFrame('a sync part beyond its count', MALFORMED, () => pack(1, 10, 0, 1, 5, 5, 0)),
  byFrame('a record with __proto__', MALFORMED, () => memberFrame(record(',"meta":{"__proto__":1}'))),
  byFrame('a record with nested meta', MALFORMED, () => memberFrame(record(',"meta":{"a":{"b":1}}'))),
  byFrame('a record with the port 65,536', MALFORMED, () => memberFrame(record('').replace('null', '65536'))),
  byFrame('a record that nests 255 deep', MALFORMED, () => memberFrame('['.repeat(255) + ']'.repeat(255))),
  byFrame('a record of 513 bytes', MALFORMED, () => memberFrame(record(`,"name":"${'n'.repeat(513)}"`))),
  byFrame('a goodbye for an unknown reason', MALFORMED, () => pack(1, 14, 0, 99)),
  byFrame('a frame with a number of ten bytes', MALFORMED, () =>
    pack(1, 29, 0, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1)),
  ),
]

/** Every attack that comes another way than as a broadcast. */
export const EXCHANGE_ATTACKS: readonly Attack[] = [...DIFFERENCES, ...SUMMARIES, ...CHECKPOINTS, ...FRAMES]
