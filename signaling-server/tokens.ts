/**
 * Join tokens: JWTs (RFC 7519) that an application hands to its own users, each for one connection. The algorithm is
 * the server's choice and never the token's (RFC 8725, section 3.1); a token lives at most 120 s and is taken once.
 */
import { importSPKI, jwtVerify } from 'jose'
import { messageOf, shown, UsageError } from '../src/base/errors.js'
import { isWord } from '../src/base/random.js'

/** How tokens are checked. */
export interface TokenOptions {
  /** HS256: the shared secret, at least 32 bytes. ES256, EdDSA: the public key as SPKI in PEM. */
  key: string | Uint8Array
  /** Default HS256. */
  algorithm?: 'HS256' | 'ES256' | 'EdDSA'
  /** What the claim `aud` has to name. */
  audience: string
}

/** What a good token grants: all topics, or those of its claim `topics`. */
export interface Grant {
  topics: readonly string[] | undefined
}

/** From `iat` to `exp`. */
export const TOKEN_SECONDS_MAX = 120
/** How far the clock of who made the token may be ahead. */
const CLOCK_SECONDS = 5
const SECRET_BYTES_MIN = 32
/** Tokens that are remembered as used until they expire; beyond it none is taken. */
export const USED_TOKENS_MAX = 100_000
const JTI_CHARACTERS_MAX = 128

type Key = Uint8Array | Awaited<ReturnType<typeof importSPKI>>

/** Checks tokens, and remembers the used ones. */
export class TokenCheck {
  readonly #key: Key
  readonly #algorithm: string
  readonly #audience: string
  /** jti -> when it expires, in seconds since 1970; in the order of use. */
  readonly #used = new Map<string, number>()

  private constructor(key: Key, algorithm: string, audience: string) {
    this.#key = key
    this.#algorithm = algorithm
    this.#audience = audience
  }

  /** @throws UsageError ERR_OPTION_INVALID */
  static async create({ key, algorithm = 'HS256', audience }: TokenOptions): Promise<TokenCheck> {
    if (typeof audience !== 'string' || audience === '') throw invalid('audience', 'is empty')
    if (algorithm === 'HS256') {
      const secret = typeof key === 'string' ? new TextEncoder().encode(key) : key
      if (secret.length < SECRET_BYTES_MIN) throw invalid('key', `has ${secret.length} bytes`)
      return new TokenCheck(secret, algorithm, audience)
    }
    if (algorithm !== 'ES256' && algorithm !== 'EdDSA') throw invalid('algorithm', `is ${shown(algorithm)}`)
    const pem = typeof key === 'string' ? key : new TextDecoder().decode(key)
    try {
      return new TokenCheck(await importSPKI(pem, algorithm), algorithm, audience)
    } catch (cause) {
      throw invalid('key', `is no public key in PEM (${messageOf(cause)})`)
    }
  }

  /** What `token` grants; undefined for one that is not good, or not any more. */
  async check(token: string): Promise<Grant | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [this.#algorithm],
        audience: this.#audience,
        clockTolerance: CLOCK_SECONDS,
        maxTokenAge: TOKEN_SECONDS_MAX,
        requiredClaims: ['exp', 'iat', 'jti'],
      })
      const { jti, exp = 0, iat = 0, topics } = payload
      if (typeof jti !== 'string' || jti === '' || jti.length > JTI_CHARACTERS_MAX) return undefined
      if (exp - iat > TOKEN_SECONDS_MAX || !isTopics(topics) || !this.#use(jti, exp)) return undefined
      return { topics }
    } catch {
      // Why a token is refused is not told: who made it knows, and others need not.
      return undefined
    }
  }

  #use(jti: string, exp: number): boolean {
    const now = Date.now() / 1000
    for (const [used, until] of this.#used) {
      if (until + CLOCK_SECONDS > now) break
      this.#used.delete(used)
    }
    if (this.#used.has(jti) || this.#used.size >= USED_TOKENS_MAX) return false
    this.#used.set(jti, exp)
    return true
  }
}

function isTopics(value: unknown): value is readonly string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isWord))
}

function invalid(field: string, what: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The option "tokens.${field}" ${what}`, {
    why: `HS256 takes a secret of at least ${SECRET_BYTES_MIN} bytes, ES256 and EdDSA a public key, and each token names its audience`,
    fix: 'Give { key, audience }, and algorithm unless it is HS256',
  })
}
