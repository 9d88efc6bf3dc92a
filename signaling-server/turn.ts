/**
 * TURN credentials on demand, as coturn's `use-auth-secret` checks them (draft-uberti-behave-turn-rest-00): the name is
 * `expiry:id`, the password its HMAC-SHA1 under the secret that the two servers share.
 */
import { createHmac } from 'node:crypto'
import { shown, UsageError } from '../src/base/errors.js'
import { ICE_SERVER_URL, ICE_SERVER_URLS_MAX } from '../src/mesh/wire/signal.js'

/** The TURN servers that members are told of. */
export interface TurnOptions {
  /** `turn:` and `turns:` URLs; `stun:` ones may stand among them. */
  urls: readonly string[]
  /** The `static-auth-secret` of the TURN servers. */
  secret: string
  /** How long credentials are good: 60 to 3,600 s. Default 3,600. */
  ttlSeconds?: number
}

/** One entry of `iceServers`. */
export interface TurnServer {
  urls: string[]
  username: string
  credential: string
}

/** No credential lives longer. */
export const TURN_SECONDS_MAX = 3600
const TURN_SECONDS_MIN = 60

/** Makes credentials. */
export class TurnCredentials {
  readonly #urls: string[]
  readonly #secret: string
  readonly ttlSeconds: number

  /** @throws UsageError ERR_OPTION_INVALID */
  constructor({ urls, secret, ttlSeconds = TURN_SECONDS_MAX }: TurnOptions) {
    const bad = urls.find((url) => !ICE_SERVER_URL.test(url))
    if (bad !== undefined || urls.length === 0 || urls.length > ICE_SERVER_URLS_MAX)
      throw invalid('urls', `names ${bad === undefined ? `${urls.length} servers` : shown(bad)}`)
    if (typeof secret !== 'string' || secret === '') throw invalid('secret', 'is empty')
    if (!(ttlSeconds >= TURN_SECONDS_MIN && ttlSeconds <= TURN_SECONDS_MAX))
      throw invalid('ttlSeconds', `is ${shown(ttlSeconds)}`)
    this.#urls = [...urls]
    this.#secret = secret
    this.ttlSeconds = ttlSeconds
  }

  /** Credentials of one member, good for `ttlSeconds`. */
  issue(id: string): TurnServer[] {
    const username = `${Math.floor(Date.now() / 1000) + this.ttlSeconds}:${id}`
    const credential = createHmac('sha1', this.#secret).update(username).digest('base64')
    return [{ urls: this.#urls, username, credential }]
  }
}

function invalid(field: string, what: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The option "turn.${field}" ${what}`, {
    why: `It takes 1 to ${ICE_SERVER_URLS_MAX} URLs such as turn:turn.example.org:3478, their shared secret, and ${TURN_SECONDS_MIN} to ${TURN_SECONDS_MAX} seconds`,
    fix: 'Correct it, or leave "turn" out',
  })
}
