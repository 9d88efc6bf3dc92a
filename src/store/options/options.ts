/** Checks what the caller of createStore() hands in, before anything is opened. */
import { shown, UsageError } from '../../base/errors.js'
import { isLoopbackName } from '../../base/ip-address.js'
import type { MemberRecord } from '../../base/member.js'
import { MEMBER_RECORD_BYTES_MAX } from '../../base/member-limits.js'
import type { Persistence } from '../../data/persistence/persistence.js'
import type { Links, Signaling } from '../../mesh/transport.js'
import type { StoreOptions } from '../types.js'

const NAME_CHARACTERS_MAX = 64
const LONE_SURROGATE = /\p{Surrogate}/u

const PERSISTENCE_METHODS: readonly (keyof Persistence)[] = [
  'open',
  'saveIdentity',
  'append',
  'snapshot',
  'close',
]
const SIGNALING_METHODS: readonly (keyof Signaling)[] = ['start', 'introduce', 'send', 'close']
const LINKS_METHODS: readonly (keyof Links)[] = [
  'start',
  'dial',
  'receiveSignal',
  'send',
  'slow',
  'disconnect',
  'close',
]

const RTC_CONSTRUCTORS = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate'] as const

/** Every option; an unknown one is a spelling mistake that would otherwise go unnoticed. */
const KNOWN: Readonly<Record<keyof StoreOptions, true>> = {
  cluster: true,
  signaling: true,
  name: true,
  port: true,
  zone: true,
  meta: true,
  iceServers: true,
  allowAddresses: true,
  token: true,
  persistence: true,
  checkpoints: true,
  transport: true,
  webrtc: true,
  autoStart: true,
  awareness: true,
  signal: true,
  secret: true,
  security: true,
  role: true,
}

/** Checks the options. @throws UsageError ERR_OPTION_UNKNOWN, ERR_OPTION_INVALID, ERR_URL_INVALID */
export function checkOptions(options: StoreOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid('options', options, 'an object with at least { cluster }')
  }
  for (const key of Object.keys(options)) if (!Object.hasOwn(KNOWN, key)) throw unknown(key)
  checkText('cluster', options.cluster)
  if (options.name !== undefined) checkText('name', options.name)
  if (options.zone !== undefined) checkText('zone', options.zone)
  checkPort(options.port)
  checkFlag('autoStart', options.autoStart)
  if (options.awareness !== undefined && typeof options.awareness !== 'function')
    throw invalid('awareness', options.awareness, 'the function of gossip-kv/awareness')
  checkMeta(options.meta)
  for (const url of signalingUrls(options.signaling)) checkUrl(url)
  checkIceServers(options.iceServers)
  checkAddresses(options.allowAddresses)
  checkToken(options.token)
  checkTransport(options.transport)
  checkCheckpoints(options.checkpoints)
  checkParts(options)
}

function checkParts({ webrtc, signal, persistence }: StoreOptions): void {
  if (webrtc !== undefined && !hasMethods(webrtc, RTC_CONSTRUCTORS))
    throw invalid(
      'webrtc',
      webrtc,
      `a WebRTC implementation with the constructors ${RTC_CONSTRUCTORS.join(', ')}`,
    )
  if (signal !== undefined && !hasMethods(signal, ['addEventListener', 'removeEventListener'])) {
    throw invalid('signal', signal, 'an AbortSignal')
  }
  if (persistence !== undefined && persistence !== false && !hasMethods(persistence, PERSISTENCE_METHODS)) {
    throw invalid(
      'persistence',
      persistence,
      `an object that can ${PERSISTENCE_METHODS.join(', ')}, or false`,
    )
  }
}

/** The signaling URLs as a list. @throws UsageError ERR_OPTION_INVALID */
export function signalingUrls(signaling: StoreOptions['signaling']): readonly string[] {
  const urls = signaling === undefined ? [] : typeof signaling === 'string' ? [signaling] : signaling
  if (!Array.isArray(urls) || urls.some((url) => typeof url !== 'string')) {
    throw invalid('signaling', signaling, 'a WebSocket URL or a list of them')
  }
  return urls
}

/** Checks that the member record fits its bound. @throws UsageError ERR_TOO_LARGE */
export function checkRecord(record: MemberRecord): void {
  const bytes = new TextEncoder().encode(JSON.stringify(record)).length
  if (bytes <= MEMBER_RECORD_BYTES_MAX) return
  throw new UsageError(
    'ERR_TOO_LARGE',
    `The member record takes ${bytes} bytes; the limit is ${MEMBER_RECORD_BYTES_MAX}`,
    {
      why: 'Every member keeps the record of every other one, so it has to stay small',
      fix: 'Shorten name, zone or meta, and keep data in usr',
    },
  )
}

/** Whether signaling is on this machine: members that meet there need no network, and no secret. */
export function isOnThisMachine(url: string): boolean {
  return isLoopbackName(new URL(url).hostname)
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed !== undefined && /^wss?:$/.test(parsed.protocol) && parsed.hash === '') return
  throw new UsageError('ERR_URL_INVALID', `${shown(url)} is no URL of a signaling server`)
}

function checkText(option: 'cluster' | 'name' | 'zone', value: unknown): void {
  const fits = typeof value === 'string' && value.length >= 1 && value.length <= NAME_CHARACTERS_MAX
  if (!fits || LONE_SURROGATE.test(value)) {
    throw invalid(option, value, `a text of 1 to ${NAME_CHARACTERS_MAX} characters without lone surrogates`)
  }
}

function checkPort(port: unknown): void {
  if (port === undefined || port === null) return
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535) {
    throw invalid('port', port, 'an integer from 1 to 65535, or null')
  }
}

function checkFlag(option: 'autoStart', value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(option, value, 'true or false')
}

function checkMeta(meta: unknown): void {
  if (meta === undefined) return
  const plain = isObject(meta) && [Object.prototype, null].includes(Object.getPrototypeOf(meta))
  const fields = plain ? Object.entries(meta as object) : []
  const fits = fields.every(
    ([key, field]) =>
      !['__proto__', 'constructor', 'prototype'].includes(key) &&
      (field === null || typeof field === 'string' || typeof field === 'boolean' || Number.isFinite(field)),
  )
  if (!plain || !fits)
    throw invalid('meta', meta, 'a flat object of strings, finite numbers, booleans and nulls')
}

function checkTransport(transport: unknown): void {
  if (transport === undefined) return
  const parts = isObject(transport) ? (transport as { links?: unknown; signaling?: unknown }) : {}
  if (!hasMethods(parts.links, LINKS_METHODS) || !hasMethods(parts.signaling, SIGNALING_METHODS)) {
    throw invalid('transport', transport, '{ links, signaling }, each with every method of its port')
  }
}

function checkCheckpoints(checkpoints: StoreOptions['checkpoints']): void {
  if (checkpoints === undefined || checkpoints === false) return
  const { storage, everyMillis, everyUpdates, keep } = isObject(checkpoints)
    ? checkpoints
    : { keep: Number.NaN }
  const within = (value: unknown, min: number, max: number) =>
    value === undefined || (Number.isInteger(value) && Number(value) >= min && Number(value) <= max)
  const stores =
    storage === undefined ||
    hasMethods(storage, ['list', 'read', 'write', 'remove']) ||
    hasMethods(storage, ['getKeys', 'getItemRaw', 'setItemRaw', 'removeItem'])
  if (
    stores &&
    within(everyMillis, 1000, 2 ** 31 - 1) &&
    within(everyUpdates, 1, 2 ** 31) &&
    within(keep, 1, 1000)
  )
    return
  throw invalid(
    'checkpoints',
    checkpoints,
    'false or { storage?, everyMillis? from 1000, everyUpdates? from 1, keep? from 1 to 1000 }, all integers but storage',
  )
}

function checkIceServers(iceServers: unknown): void {
  if (iceServers === undefined || iceServers === 'signaling' || typeof iceServers === 'function') return
  if (!Array.isArray(iceServers) || !iceServers.every((server) => isObject(server) && 'urls' in server)) {
    throw invalid(
      'iceServers',
      iceServers,
      "a list of { urls, username?, credential? }, a function that resolves to one, or 'signaling'",
    )
  }
}

function checkToken(token: unknown): void {
  if (token === undefined || typeof token === 'function' || (typeof token === 'string' && token !== ''))
    return
  // Never shown: a token that is nearly right is a secret.
  throw invalid('token', typeof token, 'a join token, or a function that resolves to one')
}

function checkAddresses(allowed: unknown): void {
  if (allowed === undefined) return
  if (!Array.isArray(allowed) || !allowed.every((scope) => scope === 'loopback' || scope === 'link-local'))
    throw invalid('allowAddresses', allowed, "a list of 'loopback' and 'link-local'")
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return (
    isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function invalid(option: string, value: unknown, expected: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `Option ${option} is ${shown(value)}`, {
    why: `It has to be ${expected}`,
    fix: 'Correct it in the call of createStore()',
  })
}

function unknown(option: string): UsageError {
  return new UsageError('ERR_OPTION_UNKNOWN', `There is no option ${shown(option)}`, {
    fix: `Use one of: ${Object.keys(KNOWN).join(', ')}`,
  })
}
