/**
 * The esbuild plugin of every build for browsers: takes simple-peer's source in place of its bundled file, which
 * carries copies of Node's stream and buffer, and gives it the parts of simple-peer-parts.mjs for them. What it has
 * for audio, video, streams of Node, old browsers and its log is left out: the adapter uses one data channel.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const source = createRequire(import.meta.url).resolve('simple-peer')
const parts = fileURLToPath(new URL('./simple-peer-parts.mjs', import.meta.url))

const PARTS = /^(readable-stream|buffer|randombytes|debug|get-browser-rtc|queue-microtask|err-code)$/
/** The parts that are one function. */
const FUNCTIONS = new Map([
  ['randombytes', 'randombytes'],
  ['debug', 'debug'],
  ['get-browser-rtc', 'getBrowserRtc'],
  ['queue-microtask', 'microtask'],
  ['err-code', 'errCode'],
])

/** Methods that nothing calls once the passages below are gone. */
const METHODS = [
  'address',
  'addTransceiver',
  'addStream',
  'addTrack',
  'replaceTrack',
  'removeTrack',
  'removeStream',
  '_write',
  '_onFinish',
  '_requestMissingTransceivers',
  'getStats',
  '_onInterval',
  '_onChannelBufferedAmountLow',
  '_onTrack',
  '_startIceCompleteTimeout',
  '_debug',
]

/** Passages and what stands in their place. */
const PASSAGES = [
  [/^ *this\._debug\((?:'[^'\n]*'|\n[\s\S]*?\n {4,10})[^\n]*\)\n/gm, ''],
  [
    /^ {4}this\.(?:_id|channelName|streams|offerOptions|answerOptions|sdpTransform|trickle|allowHalfTrickle|iceCompleteTimeout|_iceComplete|_iceCompleteTimer|_sendersAwaitingStable|_senderMap|_remoteTracks|_remoteStreams|_chunk|_cb|_interval|_isReactNativeWebrtc) = (?:opts\.initiator\n[\s\S]*?: null|[^\n]*)\n/gm,
    '',
  ],
  [/^ {4}if \(typeof this\._pc\.peerIdentity [\s\S]*?^ {4}\}\n/m, ''],
  [/createDataChannel\(this\.channelName, /, "createDataChannel('', "],
  [
    /^ {4}if \(this\.initiator \|\| this\.channelNegotiated\) \{\n([\s\S]*?)^ {4}\} else \{\n[\s\S]*?^ {4}\}\n/m,
    '$1',
  ],
  [/^ {4}if \(!event\.channel\) \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ {4}if \(!data\.sdp && !data\.candidate [\s\S]*?^ {4}\}\n/m, ''],
  [/^ {6}this\.(?:readable|_remoteTracks|_remoteStreams|_senderMap|_interval|_chunk|_cb) = [^\n]*\n/gm, ''],
  [/^ {6}clearInterval\(this\._interval\)\n/m, ''],
  [/^ {8}if \(!this\.trickle && [^\n]*\n {8}(?:offer|answer)\.sdp = [^\n]*\n/gm, ''],
  [/create(Offer|Answer)\(this\.(?:offer|answer)Options\)/g, 'create$1()'],
  [/^ {10}if \(this\.trickle \|\| this\._iceComplete\) (send(?:Offer|Answer)\(\))\n[^\n]*\n/gm, '$1\n'],
  [/^ {4}if \(event\.candidate && this\.trickle\) \{/m, '    if (event.candidate) {'],
  [/ else if \(!event\.candidate && !this\._iceComplete\) \{\n[\s\S]*?^ {4}\}\n[\s\S]*?^ {4}\}\n/m, '\n'],
  [/^ {4}if \(this\.streams\) \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ {4}this\._pc\.ontrack = event => \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ {4}this\._onFinishBound = \(\) => \{\n[\s\S]*?^ {4}\}\n[^\n]*\n/m, ''],
  [/^ {6}if \(this\._onFinishBound\)[\s\S]*?this\._onFinishBound = null\n/m, ''],
  [/^ {4}this\.(?:remote|local)(?:Address|Family|Port) = undefined\n/gm, ''],
  [/^ {4}if \(!this\._wrtc\) \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ {4}if \(data\.renegotiate && [\s\S]*?(?=^ {4}if \(data\.candidate\))/m, ''],
  [/^ {4}if \(typeof data === 'string'\) \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ *if \(!this\.initiator\) this\._requestMissingTransceivers\(\)\n/m, ''],
  [/^ {4}this\._channel\.onbufferedamountlow = \(\) => \{\n[\s\S]*?^ {4}\}\n/m, ''],
  [/^ {4}if \(typeof this\._channel\.bufferedAmountLowThreshold [\s\S]*?^ {4}\}\n/m, ''],
  // Nobody listens to these.
  [/^ {4}const iceGatheringState = [^\n]*\n/m, ''],
  [/^ {4}this\.emit\('iceStateChange', [^\n]*\n/m, ''],
  // Which pair of candidates was chosen is asked for its addresses only, and holds the connection up.
  [
    /^ {4}\/\/ HACK: We can't rely on order here[\s\S]*?^ {4}findCandidatePair\(\)\n/m,
    "    this._connected = true\n    this.emit('connect')\n",
  ],
  [/^ {6}\/\/ HACK: Firefox doesn't yet support removing[\s\S]*?this\._sendersAwaitingStable = \[\]\n/m, ''],
  [/^Peer\.WEBRTC_SUPPORT = [^\n]*\n/m, ''],
  [/^ {2}iceServers: \[\n[\s\S]*?^ {2}\],\n/m, ''],
]

/** simple-peer with a data channel and nothing else. A passage that is not there any more is an error of the build. */
function lean(text) {
  const edits = [
    ...METHODS.map((name) => [new RegExp(`^ {2}${name} \\([^\\n]*\\{\\n[\\s\\S]*?^ {2}\\}\\n`, 'm'), '']),
    ...PASSAGES,
  ]
  return edits.reduce((whole, [passage, instead]) => {
    const next = whole.replace(passage, instead)
    if (next === whole) throw new Error(`simple-peer has changed: ${passage} is not in it`)
    return next
  }, text)
}

/** @type {import('esbuild').Plugin} */
export const leanSimplePeer = {
  name: 'lean-simple-peer',
  setup(build) {
    build.onResolve({ filter: /^simple-peer\/simplepeer\.min\.js$/ }, () => ({ path: source }))
    build.onLoad({ filter: /simple-peer[\\/]index\.js$/ }, ({ path }) =>
      path === source ? { contents: lean(readFileSync(path, 'utf8')) } : undefined,
    )
    build.onResolve({ filter: PARTS }, ({ path, importer }) =>
      importer === source ? { path, namespace: 'simple-peer-part' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'simple-peer-part' }, ({ path }) => {
      const name = FUNCTIONS.get(path)
      const contents = `module.exports = require(${JSON.stringify(parts)})${name ? `.${name}` : ''}`
      return { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) }
    })
  },
}
