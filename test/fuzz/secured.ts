/** Readers behind a secret: the handshake of a link, and sealed signals. What was changed must never be believed. */
import { GossipKvError } from '../../src/base/errors.js'
import { systemClock } from '../../src/base/system-clock.js'
import { Handshake, type HandshakeSelf } from '../../src/mesh/security/handshake.js'
import { type Identity, identityOf } from '../../src/mesh/security/identity.js'
import { Keyring } from '../../src/mesh/security/keyring.js'
import { SignalSeal } from '../../src/mesh/security/seal.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import { parseSignal, type SealedSignal } from '../../src/mesh/wire/signal.js'
import { bytesTarget, type Target, textTarget } from './target.js'

const CLUSTER = 'fuzz'

/** Two members of one cluster, and what the other one really said in an earlier handshake and in earlier signals. */
interface Pair {
  self: HandshakeSelf
  other: HandshakeSelf
  frames: Uint8Array[]
  sealed: SealedSignal[]
}

/** Frames of a handshake that was recorded, changed, to a member that begins a new one: it never ends well. */
export function handshakeTarget(): Target {
  return {
    name: 'handshake',
    about: 'frames of a recorded handshake, changed and replayed: nobody is believed',
    async cases(seed) {
      const { self, other, frames } = await pair()
      const inner = bytesTarget(
        'handshake',
        '',
        () => frames,
        (bytes) => String(bytes.length),
      )
      const { show } = await inner.cases(seed)
      return {
        show,
        async run(index) {
          const link = { peer: other.identity.id, fingerprints: { own: 'AA', theirs: 'BB' }, send: () => {} }
          const handshake = new Handshake(self, link)
          // One frame is changed, the others are honest, and of another time.
          const changed = new Uint8Array(Buffer.from(show(index), 'hex'))
          for (const [at, frame] of frames.entries())
            handshake.receive(at === index % frames.length ? changed : frame)
          return handshake.done.then(
            () => {
              throw new Error('a handshake that was replayed has been believed')
            },
            (error: unknown) => {
              if (error instanceof GossipKvError) return reasonOf(error)
              throw error
            },
          )
        },
      }
    },
  }
}

/** Signals that were sealed for this member in another run, changed: none is opened. */
export function sealsTarget(): Target {
  return {
    name: 'seals',
    about: 'sealed signals, changed, replayed and re-addressed: none is opened',
    async cases(seed) {
      const { self, other, sealed } = await pair()
      let opened = 0
      const seal = new SignalSeal(self.identity, self.keyring, {
        send: () => {},
        receive: () => opened++,
        error: () => {},
      })
      const samples = () => sealed.map((signal) => JSON.stringify(signal))
      const { show } = await textTarget('seals', '', samples, (text) => text).cases(seed)
      return {
        show,
        async run(index) {
          const signal = parseSignal(JSON.parse(show(index)) as string)
          if (signal?.type !== 'sealed') return signal?.type ?? 'malformed'
          const before = seal.counters.sealsRefused
          await seal.open(other.identity.id, signal)
          if (opened > 0) throw new Error('a signal of another run has been opened')
          return seal.counters.sealsRefused > before ? 'refused' : 'knock'
        },
      }
    },
  }
}

/** The code, and what the refusal says. */
function reasonOf({ code, message }: GossipKvError): string {
  return `${code} ${/refused: ([^.]*)/.exec(message)?.[1] ?? ''}`.trim()
}

async function pair(): Promise<Pair> {
  const secret = await generateSecret()
  const make = async (): Promise<HandshakeSelf> => ({
    identity: await identityOf(),
    keyring: await Keyring.open(secret, CLUSTER),
    cluster: CLUSTER,
    role: 'writer',
    clock: systemClock,
  })
  const [self, other] = [await make(), await make()]
  return { self, other, frames: await recorded(self, other), sealed: await sealedFor(self.identity, other) }
}

/** What `other` said when the two really met. */
async function recorded(self: HandshakeSelf, other: HandshakeSelf): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  const sides: Handshake[] = []
  const start = (own: HandshakeSelf, peer: string, prints: [string, string], to: number) =>
    new Handshake(own, {
      peer,
      fingerprints: { own: prints[0], theirs: prints[1] },
      send: (bytes) => {
        if (to === 0) frames.push(bytes)
        queueMicrotask(() => sides[to]?.receive(bytes))
      },
    })
  sides.push(start(self, other.identity.id, ['AA', 'BB'], 1), start(other, self.identity.id, ['BB', 'AA'], 0))
  await Promise.all(sides.map(({ done }) => done))
  return frames
}

/** Signals of `from` for an earlier run of the member `to`. */
async function sealedFor(to: Identity, from: HandshakeSelf): Promise<SealedSignal[]> {
  const sealed: SealedSignal[] = []
  const keyring = from.keyring
  let answers: Promise<void> = Promise.resolve()
  const ends: Record<string, SignalSeal> = {}
  const events = (own: string, peer: string) => ({
    send: (_peer: string, signal: SealedSignal) => {
      if (own === 'from') sealed.push(signal)
      answers = answers.then(() => ends[peer]?.open(own === 'from' ? from.identity.id : to.id, signal))
    },
    receive: () => {},
    error: () => {},
  })
  ends['from'] = new SignalSeal(from.identity, keyring, events('from', 'to'))
  ends['to'] = new SignalSeal(to, keyring, events('to', 'from'))
  for (const session of ['one', 'two']) await ends['from'].send(to.id, { type: 'request', session })
  for (let i = 0; i < 5; i++) {
    await answers
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return sealed
}
