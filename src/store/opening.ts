/** What a store opens when it starts: its identity, its persistence, its security, and the mesh, each loaded when it is needed. */
import type { GossipKvError } from '../base/errors.js'
import type { MemberRecord } from '../base/member.js'
import type { Persistence } from '../data/persistence/persistence.js'
import type { Replica } from '../data/replica/replica.js'
import type { DriverEvents } from '../mesh/driver/driver-types.js'
import type { Mesh } from '../mesh/mesh.js'
import type { Security } from '../mesh/security/security.js'
import { isOnThisMachine, signalingUrls } from './options/options.js'
import { type Identity, newIdentity } from './options/secured.js'
import type { Saver } from './saving/saver.js'
import type { StoreOptions } from './types.js'
import type { StoreWorld } from './world.js'

/** What the store hands to its opening. */
export interface OpeningHost {
  options: StoreOptions
  world: StoreWorld
  replica: Replica
  record: MemberRecord
  listener(): OpeningListener
}

/** Hears of what was opened. */
export interface OpeningListener {
  report(error: GossipKvError): void
  /** Everything is saved, or failing for this reason. */
  saved(error: GossipKvError | undefined): void
  meshEvents(): DriverEvents
}

/** Members that meet on this machine are on this machine, which may have no network. */
const LOOPBACK = ['loopback'] as const

export class Opening {
  /** Absent without a persistence. */
  saver: Saver | undefined
  /** Absent without a secret. */
  security: Security | undefined
  /** Absent until it is loaded. */
  mesh: Mesh | undefined
  readonly #host: OpeningHost
  #isOver = false

  constructor(host: OpeningHost) {
    this.#host = host
  }

  /** Loads what earlier runs have kept. Resolves with the id of this member: theirs, or else `drawn`. */
  async load(drawn: string): Promise<string> {
    const { options } = this.#host
    const identity = newIdentity(options, drawn)
    if (options.persistence) this.saver = await this.#loadSaver(options.persistence, identity)
    const known = (await this.saver?.open(identity.bytes, identity.fits)) ?? identity.bytes
    const security = await this.#secure(known)
    return security?.id ?? new TextDecoder().decode(known)
  }

  /** Opens links and signaling. @throws TransportError ERR_WEBRTC_UNAVAILABLE */
  async join(id: string): Promise<void> {
    const { openMesh } = await import('../mesh/mesh.js')
    if (this.#isOver) return
    const { options, world, replica, record, listener } = this.#host
    const { iceServers, token, transport, webrtc } = options
    const urls = signalingUrls(options.signaling)
    const allowAddresses = options.allowAddresses ?? (urls.every(isOnThisMachine) ? LOOPBACK : [])
    this.mesh = openMesh({
      id,
      record,
      replica: replica.exchange,
      cluster: options.cluster,
      ...world,
      events: listener().meshEvents(),
      urls,
      allowAddresses,
      transport,
      security: this.security,
      ...(iceServers && { iceServers }),
      ...(token && { token }),
      ...(webrtc && { webrtc }),
    })
    await this.mesh.start()
  }

  /** Says goodbye, then saves; resolves when nothing is left alive. `before` has to be done by then. */
  async close(before: Promise<void>): Promise<void> {
    this.#isOver = true
    const links = this.mesh ? this.mesh.close() : this.#host.options.transport?.links.close()
    await before
    await Promise.allSettled([links, this.saver?.close()])
  }

  async #loadSaver(persistence: Persistence, { bytes, fits }: Identity): Promise<Saver | undefined> {
    const { Saver } = await import('./saving/saver.js')
    if (this.#isOver) return undefined
    const { world, replica } = this.#host
    const listener = this.#host.listener()
    return new Saver({
      persistence,
      sealerFor: (known) => this.#secure(known && fits(known) ? known : bytes),
      clock: world.clock,
      exchange: replica.exchange,
      warned: (warning) => listener.report(warning),
      changed: (error) => listener.saved(error),
    })
  }

  /** Opens the security of a store with a secret, once. @throws UsageError ERR_SECRET_INVALID; AuthError ERR_CRYPTO_UNAVAILABLE */
  async #secure(seed: Uint8Array): Promise<Security | undefined> {
    const { options, world, listener } = this.#host
    const { secret, cluster, role } = options
    if (secret === undefined || this.security) return this.security
    const { openSecurity } = await import('../mesh/security/security.js')
    const report = (error: GossipKvError) => listener().report(error)
    this.security ??= await openSecurity({ secret, cluster, role, seed, clock: world.clock, report })
    return this.security
  }
}
