/**
 * What two members tell each other to open a link, and what a member and the signaling server say to each
 * other. All of it is JSON; the parsers trust nothing, keep only the fields that they know, and answer
 * undefined to whatever does not fit.
 */
import { isWord } from '../../base/random.js'
import { CONTACTS_MAX, SIGNAL_CHARACTERS_MAX } from './wire-limits.js'

/** One step of opening a link. `session` names the attempt: signals of another attempt are dropped. */
export type Signal =
  /** The member with the lesser id asks the other one, which always makes the offer, to begin. */
  | { type: 'request'; session: string }
  /** The asked member is in too many handshakes, or holds enough links. */
  | { type: 'busy'; session: string }
  | { type: 'offer'; session: string; sdp: string }
  | { type: 'answer'; session: string; sdp: string }
  | {
      type: 'candidate'
      session: string
      candidate: string
      sdpMid: string | null
      sdpMLineIndex: number | null
    }
  | { type: 'sealed'; session: string; epoch: string; nonce: string; box: string }

/** A signal under the cluster's key, as it travels where there is a secret (see src/mesh/security/seal.ts). */
export type SealedSignal = Extract<Signal, { type: 'sealed' }>

/** What a member says to the signaling server. `payload` is opaque to the server. */
export type ClientMessage =
  /** First of all, where the server asks for it: a token of who may join. */
  | { type: 'auth'; token: string }
  | { type: 'join'; topic: string; id: string; kind: 'node' | 'browser'; role?: 'writer' | 'reader' }
  | { type: 'introduce'; topic: string; count: number }
  | { type: 'signal'; topic: string; to: string; payload: string }
  /** Asks for TURN servers and credentials. */
  | { type: 'ice'; topic: string }
  | { type: 'leave'; topic: string }

/** What the signaling server says to a member. */
export type ServerMessage =
  /** The answer to `join` and `introduce`: random other writers of the topic, Node members first. */
  | { type: 'contacts'; topic: string; contacts: { id: string; kind: 'node' | 'browser' }[] }
  | { type: 'signal'; topic: string; from: string; payload: string }
  /** The answer to `signal` when nobody of this id is there: it went nowhere. */
  | { type: 'absent'; topic: string; id: string }
  /** The answer to `ice`: what may stand in `iceServers` for so long; none where the server has none. */
  | { type: 'ice'; topic: string; servers: IceServer[]; seconds: number }
  /** Something was refused; the connection may be closed after it. */
  | { type: 'error'; code: string; message: string }

/** A STUN or TURN server as the signaling server tells of it. */
export interface IceServer {
  urls: string[]
  username: string
  credential: string
}

/** The URL of a STUN or TURN server (RFC 7064, RFC 7065). */
export const ICE_SERVER_URL = /^(?:stuns?|turns?):[\w.:[\]-]{1,255}(?:\?transport=(?:udp|tcp))?$/
/** URLs of one entry of `iceServers`. */
export const ICE_SERVER_URLS_MAX = 8
const ICE_SERVERS_MAX = 4
const ICE_SECONDS_MAX = 3600
const TOKEN_CHARACTERS_MAX = 4096
/** A description of a data-channel-only connection is about 600 bytes; candidates may stand in it. */
const SDP_CHARACTERS_MAX = 16 * 1024
const CANDIDATE_CHARACTERS_MAX = 1024

/** Reads a signal out of a payload. */
export function parseSignal(payload: string): Signal | undefined {
  const message = parseObject(payload)
  if (message === undefined || !isWord(message.session)) return undefined
  const { type, session, sdp, epoch, nonce, box } = message
  switch (type) {
    case 'request':
    case 'busy':
      return { type, session }
    case 'offer':
    case 'answer':
      return isText(sdp, SDP_CHARACTERS_MAX) ? { type, session, sdp } : undefined
    case 'candidate':
      return parseCandidate(message, session)
    case 'sealed':
      return isWord(epoch) && (nonce === '' || isWord(nonce)) && isText(box, SIGNAL_CHARACTERS_MAX)
        ? { type, session, epoch, nonce, box }
        : undefined
    default:
      return undefined
  }
}

/** Reads what a member said to the server. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  const message = parseObject(text)
  if (message === undefined) return undefined
  const { type, topic, id, kind, role, count, to, payload, token } = message
  if (type === 'auth') return isText(token, TOKEN_CHARACTERS_MAX) ? { type, token } : undefined
  if (!isWord(topic)) return undefined
  switch (type) {
    case 'join':
      if (!isWord(id) || !isKind(kind)) return undefined
      return { type, topic, id, kind, ...(role === 'reader' && { role }) }
    case 'introduce':
      return isCount(count) ? { type, topic, count } : undefined
    case 'signal':
      return isWord(to) && isText(payload, SIGNAL_CHARACTERS_MAX) ? { type, topic, to, payload } : undefined
    case 'ice':
    case 'leave':
      return { type, topic }
    default:
      return undefined
  }
}

/** Reads what the server said to a member. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const message = parseObject(text)
  if (message === undefined) return undefined
  const { type, topic, from, id, payload, contacts, code, message: detail, servers, seconds } = message
  switch (type) {
    case 'contacts':
      return isWord(topic) && isContacts(contacts)
        ? { type, topic, contacts: contacts.map(pickContact) }
        : undefined
    case 'signal':
      return isWord(topic) && isWord(from) && isText(payload, SIGNAL_CHARACTERS_MAX)
        ? { type, topic, from, payload }
        : undefined
    case 'absent':
      return isWord(topic) && isWord(id) ? { type, topic, id } : undefined
    case 'ice':
      return isWord(topic) && isIceServers(servers) && isSeconds(seconds)
        ? { type, topic, servers: servers.map(pickIceServer), seconds }
        : undefined
    case 'error':
      return isText(code, 64) && isText(detail, 1024) ? { type, code, message: detail } : undefined
    default:
      return undefined
  }
}

function parseCandidate(message: Record<string, unknown>, session: string): Signal | undefined {
  const { candidate, sdpMid, sdpMLineIndex } = message
  if (!isText(candidate, CANDIDATE_CHARACTERS_MAX)) return undefined
  if (sdpMid !== null && !isText(sdpMid, 16)) return undefined
  if (sdpMLineIndex !== null && !(Number.isInteger(sdpMLineIndex) && (sdpMLineIndex as number) >= 0))
    return undefined
  return { type: 'candidate', session, candidate, sdpMid, sdpMLineIndex: sdpMLineIndex as number | null }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function isText(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value.length <= charactersMax
}

function isKind(value: unknown): value is 'node' | 'browser' {
  return value === 'node' || value === 'browser'
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= CONTACTS_MAX
}

function isContacts(value: unknown): value is { id: string; kind: 'node' | 'browser' }[] {
  return (
    Array.isArray(value) &&
    value.length <= CONTACTS_MAX &&
    value.every(
      (contact) =>
        typeof contact === 'object' && contact !== null && isWord(contact.id) && isKind(contact.kind),
    )
  )
}

function pickContact(contact: { id: string; kind: 'node' | 'browser' }): {
  id: string
  kind: 'node' | 'browser'
} {
  return { id: contact.id, kind: contact.kind }
}

function isSeconds(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= ICE_SECONDS_MAX
}

function isIceServers(value: unknown): value is IceServer[] {
  return Array.isArray(value) && value.length <= ICE_SERVERS_MAX && value.every(isIceServer)
}

function isIceServer(value: unknown): value is IceServer {
  if (typeof value !== 'object' || value === null) return false
  const { urls, username, credential } = value as Record<string, unknown>
  return (
    Array.isArray(urls) &&
    urls.length <= ICE_SERVER_URLS_MAX &&
    urls.every((url) => isText(url, 300) && ICE_SERVER_URL.test(url)) &&
    isText(username, 256) &&
    isText(credential, 256)
  )
}

function pickIceServer({ urls, username, credential }: IceServer): IceServer {
  return { urls: [...urls], username, credential }
}
