/** A source of chance that first draws one given session again, as a process does that takes it from disk. */
import { type Random, random53 } from '../../src/base/random.js'

/** `random53` of it gives `session` at the first call, and whatever `random` gives from then on. */
export function repeating(session: number, random: Random): Random {
  const rest = session - 1
  const high = Math.floor(rest / 0x100000000)
  // The middle of the interval that is rounded down to the wanted number.
  const draws = [(high + 0.5) / 0x200000, (rest - high * 0x100000000 + 0.5) / 0xffffffff]
  const replayed: Random = () => draws.shift() ?? random()
  if (random53(repeatOf(draws)) !== session) throw new Error(`The session ${session} cannot be drawn again`)
  return replayed
}

function repeatOf(draws: readonly number[]): Random {
  const copy = [...draws]
  return () => copy.shift() ?? 0
}
