/**
 * One end of a transfer in `bench/first-sync.ts`, in a process of its own: `store` ends hold or fetch a store through signaling,
 * `raw` ends send or receive the same number of bytes over a bare data channel, whose signals the parent carries.
 */
import { randomBytes } from 'node:crypto'
import wrtc from '@roamhq/wrtc'
import SimplePeer from 'simple-peer/simplepeer.min.js'
import { createStore } from '../src/index.js'
import { MESSAGE_BYTES_MAX } from '../src/mesh/wire/wire-limits.js'

const VALUE_BYTES = 1024
const BATCH = 100
const [kind, role, sizeText = '', signaling = ''] = process.argv.slice(2)
const size = Number(sizeText)
const tell = (message: unknown) => process.send?.(message)

if (kind === 'store') store()
else raw()
process.on('disconnect', () => process.exit())

function store(): void {
  const keys = size / VALUE_BYTES
  const own = createStore({ cluster: 'first-sync', signaling })
  if (role === 'give') {
    for (let from = 0; from < keys; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, keys - from) }, (_, index) => {
        return [`key/${from + index}`, randomBytes(VALUE_BYTES / 2).toString('hex')] as const
      })
      own.usr.setMany(batch)
    }
    void own.ready().then(() => tell('ready'))
    return
  }
  let linkedAt: number | undefined
  own.on('status', ({ links }) => {
    if (links > 0) linkedAt ??= performance.now()
  })
  own.usr.subscribe(() => {
    if (own.usr.size === keys) tell({ millis: performance.now() - (linkedAt ?? Number.NaN) })
  })
}

function raw(): void {
  const peer = new SimplePeer({
    initiator: role === 'give',
    wrtc,
    config: { iceServers: [] },
    iceCompleteTimeout: 1,
  })
  peer.on('signal', (signal) => tell({ signal }))
  process.on('message', (signal: SimplePeer.SignalData) => peer.signal(signal))
  let begun: number | undefined
  let received = 0
  peer.on('connect', () => {
    if (role !== 'give') return
    // Less than the 16 MiB from which on the implementation loses messages.
    for (let sent = 0; sent < size; sent += MESSAGE_BYTES_MAX) peer.send(new Uint8Array(MESSAGE_BYTES_MAX))
  })
  peer.on('data', (bytes: Uint8Array) => {
    begun ??= performance.now()
    received += bytes.length
    if (received >= size) tell({ millis: performance.now() - begun })
  })
  if (role === 'give') tell('ready')
}
