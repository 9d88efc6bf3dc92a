/**
 * Names of envelopes: (origin, epoch, seq). The epoch is drawn anew at each start, so that a restarted member never
 * repeats a name; `tag` is a hash of origin and epoch for short references. Nobody signs a name, so it only says what to
 * announce and to ask for: an envelope has come when its content has. Remembers both, in bounded memory.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import { hash32 } from '../../../base/bytes.js'
import { type HashKey, halfSipHash } from '../../../base/half-sip-hash.js'
import { MEMBERS_MAX } from '../../../base/member-limits.js'
import { type Random, randomInteger } from '../../../base/random.js'
import { TagMap } from '../../../base/tag-map.js'
import { encodeBody } from '../../wire/codec.js'
import type { Announced, EnvelopeBody, GossipFrame } from '../../wire/frame.js'

/** An envelope, and the numbers that stand for it here. */
export interface Envelope {
  readonly frame: GossipFrame
  readonly tag: number
  /** A hash of the body under a key of this member: nobody else can make two bodies with the same one. */
  readonly content: number
}

/** Envelopes that are remembered, and as many before them: what the fullest link carries in 20 s. */
const REMEMBERED_MAX = 8_192
/** Numbers of one announced run that are looked at: more than an honest neighbor puts into it in a second. */
const LOOKS_MAX = 1_024
const NONE: readonly number[] = []

export class Sequences {
  /** Of updates, whose bytes are there, and of all else. */
  readonly #keys: readonly [HashKey, HashKey]
  /** The contents of late by name, and those before them: the old ones go all at once. */
  #young = new TagMap<number>()
  #old = new TagMap<number>()

  constructor(random: Random) {
    const word = () => randomInteger(random, 2 ** 32)
    this.#keys = [
      [word(), word()],
      [word(), word()],
    ]
  }

  /** The envelope with the numbers that stand for it. */
  named(frame: GossipFrame): Envelope {
    return { frame, tag: tagOf(frame), content: this.#contentOf(frame.body) }
  }

  /** Whether this very envelope has come before. */
  has({ tag, frame: { seq }, content }: Envelope): boolean {
    const name = nameOf(tag, seq)
    return this.#get(name) === content || this.#get(another(name, content)) === content
  }

  /** Whether an envelope of that name has come. */
  knows(tag: number, seq: number): boolean {
    return this.#get(nameOf(tag, seq)) !== undefined
  }

  /** Remembers an envelope. Only accepted ones are remembered. */
  add({ tag, frame: { seq }, content }: Envelope): void {
    const name = nameOf(tag, seq)
    const known = this.#get(name)
    if (this.#young.size >= REMEMBERED_MAX) {
      this.#old = this.#young
      this.#young = new TagMap()
    }
    this.#young.set(known === undefined || known === content ? name : another(name, content), content)
  }

  /** The numbers between the last one before `seq` that has come and `seq`, newest first; none if they are more than `max`. */
  skipped(tag: number, seq: number, max: number): readonly number[] {
    const skipped: number[] = []
    for (let number = seq - 1; skipped.length <= max; number--) {
      if (this.knows(tag, number)) return skipped
      skipped.push(number)
    }
    return NONE
  }

  /** The newest `max` numbers of an announced run that have not come. */
  missing({ tag, from, to }: Announced, max: number): readonly number[] {
    const missing: number[] = []
    const least = Math.max(from, to - LOOKS_MAX)
    for (let seq = to; seq >= least && missing.length < max; seq--)
      if (!this.knows(tag, seq)) missing.push(seq)
    return missing.reverse()
  }

  #get(name: number): number | undefined {
    return this.#young.get(name) ?? this.#old.get(name)
  }

  #contentOf(body: EnvelopeBody): number {
    const [ofUpdates, ofOthers] = this.#keys
    const isUpdate = body.type === 'update'
    const hash = halfSipHash(isUpdate ? ofUpdates : ofOthers, isUpdate ? body.update : encodeBody(body))
    // 30 bits: such numbers need no memory of their own.
    return hash >>> 2
  }
}

/** A 32-bit hash of both. */
export function nameOf(tag: number, seq: number): number {
  return (tag ^ Math.imul(seq, 0x85ebca6b)) >>> 0
}

/** Where a second content under a name is remembered. */
function another(name: number, content: number): number {
  return (name ^ Math.imul(content, 0x9e3779b1)) >>> 0
}

/** Names of late: every copy of every envelope asks for its own. */
const names = new BoundedMap<string, { epoch: number; tag: number }>(MEMBERS_MAX)

/** The short name of an origin's run; never 0, which stands for the shared tree. */
export function tagOf({ origin, epoch }: Pick<GossipFrame, 'origin' | 'epoch'>): number {
  const known = names.get(origin)
  if (known?.epoch === epoch) return known.tag
  const tag = hash32(`${origin}:${epoch}`) || 1
  names.set(origin, { epoch, tag })
  return tag
}
