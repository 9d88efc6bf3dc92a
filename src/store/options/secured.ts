/** A store in a cluster with a secret: which one that is, and its keys. The rest is loaded only where there is one. */
import { StorageError, shown, UsageError } from '../../base/errors.js'
import type { MemberRole } from '../../base/member.js'
import { isWord } from '../../base/random.js'
import type { Keys, Security } from '../../mesh/security/security.js'
import type { StoreOptions } from '../types.js'
import { isOnThisMachine, signalingUrls } from './options.js'

/** A writer's secret has 43 or 66 characters, a reader's more. */
const WRITER_SECRET_CHARACTERS_MAX = 66
/** What an Ed25519 key is made from. */
const SEED_BYTES = 32

/** What names a member over all runs. */
export interface Identity {
  bytes: Uint8Array
  /**
   * Whether what was kept by an earlier run is an identity of this kind.
   * @throws StorageError ERR_DATA_SEALED where it is one of the other kind: it must not be replaced
   */
  fits(known: Uint8Array): boolean
}

/** The seed of a new member's key, or, without a secret, the id that was drawn. */
export function newIdentity({ secret }: StoreOptions, id: string): Identity {
  const isOpen = secret === undefined
  return {
    bytes: isOpen
      ? new TextEncoder().encode(id)
      : globalThis.crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
    fits(known) {
      const isSeed = known.length === SEED_BYTES
      const isId = !isSeed && isWord(new TextDecoder().decode(known))
      if (isOpen ? isSeed : isId) throw otherIdentity(isOpen)
      return isSeed || isId
    },
  }
}

/**
 * Checks that a store without a secret meets only members of its own machine, unless the caller says that it is to
 * be open. @throws UsageError ERR_SECRET_MISSING, ERR_OPTION_INVALID
 */
export function checkSecurity(options: StoreOptions): void {
  const { secret, security, role, transport } = options
  if (secret !== undefined && !isSecret(secret))
    throw invalid('secret', 'a secret of `npx gossip-kv keygen`, or { primary, accepted } of such')
  if (security !== undefined && (security !== 'open' || secret !== undefined))
    throw invalid('security', "'open', and that without a secret")
  if (role !== undefined && role !== 'reader' && role !== 'writer')
    throw invalid('role', "'reader' or 'writer'")
  if (secret !== undefined || security === 'open' || transport !== undefined) return
  const foreign = signalingUrls(options.signaling).find((url) => !isOnThisMachine(url))
  if (foreign !== undefined) throw secretMissing(foreign)
}

/** A misspelled `accepted` would leave a member outside after the next rotation. */
function isSecret(secret: unknown): boolean {
  if (typeof secret !== 'object' || secret === null) return typeof secret === 'string'
  const { primary, accepted = [], ...unknown } = secret as Record<string, unknown>
  return (
    Array.isArray(accepted) &&
    [primary, ...accepted].every((key) => typeof key === 'string') &&
    Object.keys(unknown).length === 0
  )
}

/** What a member may do, as its options say. */
export function roleOf({ role, secret }: StoreOptions): MemberRole {
  const primary = typeof secret === 'object' ? secret.primary : secret
  return role ?? ((primary?.length ?? 0) > WRITER_SECRET_CHARACTERS_MAX ? 'reader' : 'writer')
}

/** `store.keys` of a store that may have no secret, or has not opened it yet. */
export function keysOf(security: () => Security | undefined, reseal: () => Promise<unknown>): Keys {
  let last: Promise<unknown> = Promise.resolve()
  // One step after the other: what is sealed anew for one must not be sealed under a key that the next removes.
  const inTurn = <T>(step: (keys: Keys) => Promise<T>): Promise<T> => {
    const turn = last.then(() => {
      const { keys } = security() ?? {}
      if (keys === undefined) throw noKeys()
      return step(keys)
    })
    last = turn.catch(() => undefined)
    return turn
  }
  return {
    list: () => security()?.keys.list() ?? [],
    install: (secret) => inTurn((keys) => keys.install(secret)),
    use: (key) => inTurn((keys) => keys.use(key)),
    remove: (key) =>
      inTurn(async (keys) => {
        // What only this key opens would be lost with it.
        await reseal()
        await keys.remove(key)
      }),
  }
}

/** A reader wrote. */
export function readOnly(): UsageError {
  return new UsageError('ERR_READ_ONLY', 'This member is a reader; nothing was written')
}

function invalid(option: string, expected: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `Option ${option} is not what it may be`, {
    why: `It has to be ${expected}`,
    fix: 'Correct it in the call of createStore()',
  })
}

/** Its member would be gone for good, and with it whatever is sealed for it. */
function otherIdentity(isOpen: boolean): StorageError {
  const [kept, given] = isOpen ? ['with', 'without'] : ['without', 'with']
  return new StorageError(
    'ERR_DATA_SEALED',
    `What is stored belongs to a member ${kept} a secret, and this store is ${given} one`,
    {
      why: 'A member with a secret has a key for its identity and seals what it stores; one without has neither',
      fix: `Open it ${kept} a secret, or take another place and bring the data by a checkpoint. Nothing was changed`,
    },
  )
}

function secretMissing(url: string): UsageError {
  const host = URL.canParse(url) ? new URL(url).host : url
  return new UsageError(
    'ERR_SECRET_MISSING',
    `The store would meet others at ${shown(host)} without a secret`,
  )
}

function noKeys(): UsageError {
  return new UsageError('ERR_SECRET_MISSING', 'The store has no keys to change', {
    why: 'It was made without a secret, or is not ready yet',
    fix: 'Pass `secret` to createStore(), and wait for ready()',
  })
}
