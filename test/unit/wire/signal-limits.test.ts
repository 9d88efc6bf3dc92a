import { expect } from 'chai'
import { parseClientMessage, parseServerMessage, parseSignal } from '../../../src/mesh/wire/signal.js'
import { CONTACTS_MAX, SIGNAL_CHARACTERS_MAX } from '../../../src/mesh/wire/wire-limits.js'

const ID = 'x'.repeat(64)
const contact = { id: 'a', kind: 'node' }
const server = { urls: ['turn:example.org'], username: 'u', credential: 'c' }
const repeated = <T>(item: T, times: number) => Array.from({ length: times }, () => item)

/** A message at its limit and the same one over it. */
const LIMITS: [string, (text: string) => unknown, object, object][] = [
  [
    'contacts of an introduction',
    parseServerMessage,
    { type: 'contacts', topic: 't', contacts: repeated(contact, CONTACTS_MAX) },
    { type: 'contacts', topic: 't', contacts: repeated(contact, CONTACTS_MAX + 1) },
  ],
  [
    'contacts asked for',
    parseClientMessage,
    { type: 'introduce', topic: 't', count: CONTACTS_MAX },
    { type: 'introduce', topic: 't', count: CONTACTS_MAX + 1 },
  ],
  [
    'a signal to the server',
    parseClientMessage,
    { type: 'signal', topic: 't', to: 'b', payload: 'x'.repeat(SIGNAL_CHARACTERS_MAX) },
    { type: 'signal', topic: 't', to: 'b', payload: 'x'.repeat(SIGNAL_CHARACTERS_MAX + 1) },
  ],
  [
    'a signal from the server',
    parseServerMessage,
    { type: 'signal', topic: 't', from: 'b', payload: 'x'.repeat(SIGNAL_CHARACTERS_MAX) },
    { type: 'signal', topic: 't', from: 'b', payload: 'x'.repeat(SIGNAL_CHARACTERS_MAX + 1) },
  ],
  [
    'an id',
    parseClientMessage,
    { type: 'join', topic: ID, id: ID, kind: 'node' },
    { type: 'join', topic: ID, id: `${ID}x`, kind: 'node' },
  ],
  ['a session', parseSignal, { type: 'request', session: ID }, { type: 'request', session: `${ID}x` }],
  [
    'a description',
    parseSignal,
    { type: 'offer', session: 's', sdp: 'x'.repeat(16 * 1024) },
    { type: 'offer', session: 's', sdp: 'x'.repeat(16 * 1024 + 1) },
  ],
  [
    'a candidate',
    parseSignal,
    { type: 'candidate', session: 's', candidate: 'x'.repeat(1024), sdpMid: null, sdpMLineIndex: 0 },
    { type: 'candidate', session: 's', candidate: 'x'.repeat(1025), sdpMid: null, sdpMLineIndex: 0 },
  ],
  [
    'a token',
    parseClientMessage,
    { type: 'auth', token: 'x'.repeat(4096) },
    { type: 'auth', token: 'x'.repeat(4097) },
  ],
  [
    'TURN servers',
    parseServerMessage,
    { type: 'ice', topic: 't', servers: repeated(server, 4), seconds: 3600 },
    { type: 'ice', topic: 't', servers: repeated(server, 5), seconds: 3600 },
  ],
  [
    'the life of TURN credentials',
    parseServerMessage,
    { type: 'ice', topic: 't', servers: [], seconds: 3600 },
    { type: 'ice', topic: 't', servers: [], seconds: 3601 },
  ],
  [
    'the URLs of a TURN server',
    parseServerMessage,
    { type: 'ice', topic: 't', servers: [{ ...server, urls: repeated('stun:a.b', 8) }], seconds: 1 },
    { type: 'ice', topic: 't', servers: [{ ...server, urls: repeated('stun:a.b', 9) }], seconds: 1 },
  ],
]

describe('what is said at signaling', () => {
  for (const [what, parse, atLimit, over] of LIMITS) {
    it(`has a limit: ${what}`, () => {
      expect(parse(JSON.stringify(atLimit))).to.deep.equal(atLimit)
      expect(parse(JSON.stringify(over))).to.equal(undefined)
    })
  }

  it('names STUN and TURN servers and nothing else', () => {
    const urls = ['http://x', 'turn:', 'turn:a b', 'javascript:1', 'turn:a?transport=sctp', 'xturn:a']
    for (const url of urls) {
      const message = { type: 'ice', topic: 't', servers: [{ ...server, urls: [url] }], seconds: 1 }
      expect(parseServerMessage(JSON.stringify(message)), url).to.equal(undefined)
    }
  })
})
