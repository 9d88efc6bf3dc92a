/** What the server counts, as Prometheus reads it. No label names a topic, a member or an address. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** What gauges show, read when they are asked for. */
export interface GaugeSources {
  sockets(): number
  topics(): number
  members(): number
}

/** The counters of one server. */
export class SignalingMetrics {
  readonly #registry = new Registry()
  /** Messages that were understood, by `type`. */
  readonly messages = this.#counter('messages_total', 'Messages of clients that were understood', 'type')
  /** Messages and sockets that were refused, by `code`. */
  readonly refusals = this.#counter('refusals_total', 'Messages that were refused', 'code')
  /** Connections that were not let in, by HTTP `status`. */
  readonly upgradesRefused = this.#counter('upgrades_refused_total', 'Sockets that were not let in', 'status')
  /** Signals, by whether their `target` was there. */
  readonly signals = this.#counter('signals_total', 'Signals to other members', 'target')
  /** Join tokens, by `result`. */
  readonly tokens = this.#counter('tokens_total', 'Join tokens that were checked', 'result')
  /** Sockets ended by the server, by `reason`. */
  readonly cut = this.#counter('sockets_cut_total', 'Sockets that the server ended', 'reason')

  /** With `process`, memory, CPU and event-loop lag are shown, too. */
  constructor(sources: GaugeSources, options: { process: boolean }) {
    this.#gauge('sockets', 'Open WebSockets', sources.sockets)
    this.#gauge('topics', 'Topics that somebody is in', sources.topics)
    this.#gauge('members', 'Members in topics', sources.members)
    if (options.process) collectDefaultMetrics({ register: this.#registry })
  }

  /** The exposition format, and its media type. */
  async expose(): Promise<{ text: string; type: string }> {
    return { text: await this.#registry.metrics(), type: this.#registry.contentType }
  }

  #counter<Label extends string>(name: string, help: string, label: Label): Counter<Label> {
    return new Counter({
      name: `gossip_kv_signaling_${name}`,
      help,
      labelNames: [label],
      registers: [this.#registry],
    })
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `gossip_kv_signaling_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }
}
