import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { build } from 'esbuild'
import { GossipKvError } from '../../../src/base/errors.js'
import { createStore } from '../../../src/index.js'
import * as inBrowser from '../../../src/mesh/links/rtc.browser.js'
import * as stub from '../../../src/mesh/links/rtc.js'
import * as inNode from '../../../src/mesh/links/rtc.node.js'

const NODE_RTC = fileURLToPath(new URL('../../../src/mesh/links/rtc.node.ts', import.meta.url))

/** Loads rtc.node.ts and prints the code and the text of what it throws. */
const PROBE = `
  const { loadRtc } = await import(${JSON.stringify(NODE_RTC)})
  try { await loadRtc(); report('loaded') } catch (error) { report(error.code + ' ' + error.message) }
`

async function refusal(load: () => Promise<unknown>): Promise<GossipKvError> {
  try {
    await load()
  } catch (error) {
    if (error instanceof GossipKvError) return error
    throw error
  }
  throw new Error('it loaded')
}

/** What a process prints that runs `code` with tsx. */
function outputOf(code: string): Promise<string> {
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code]
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => child.on('close', () => resolve(output)))
}

describe('loading WebRTC', () => {
  it('gives the three constructors of @roamhq/wrtc in Node', async () => {
    const rtc = await inNode.loadRtc()
    expect(Object.values(rtc).length).to.be.at.least(3)
  })

  it('refuses where there is neither a browser nor Node, and in a browser without WebRTC', async () => {
    for (const { loadRtc } of [stub, inBrowser]) {
      const error = await refusal(loadRtc)
      expect(error.code).to.equal('ERR_WEBRTC_UNAVAILABLE')
    }
  })

  it('says what to install when @roamhq/wrtc is missing', async () => {
    const hooks = `export async function resolve (specifier, context, next) {
      if (specifier === '@roamhq/wrtc') throw new Error('Cannot find package')
      return next(specifier, context)
    }`
    const output = await outputOf(`
      import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
      const report = console.log
      ${PROBE}
    `)
    expect(output).to.match(/^ERR_WEBRTC_UNAVAILABLE .*npm i @roamhq\/wrtc.*musl/)
  })

  it('refuses in a worker thread, where the native module would abort the process', async () => {
    // tsx serves the main thread only; so the worker is given a bundle.
    const { outputFiles } = await build({
      stdin: {
        contents: PROBE.replaceAll('report', 'parentPort.postMessage'),
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      external: ['@roamhq/wrtc'],
      banner: { js: `import { parentPort } from 'node:worker_threads'` },
    })
    const worker = new Worker(
      new URL(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`),
    )
    const text = await new Promise<string>((resolve, reject) => {
      worker.on('message', resolve)
      worker.on('error', reject)
    })
    await worker.terminate()
    expect(text).to.match(/^ERR_WEBRTC_UNAVAILABLE .*main thread/)
  })

  it('is left out when the caller brings an implementation, which must be one', async () => {
    const webrtc = { ...(await inNode.loadRtc()), RTCIceCandidate: {} }
    const make = () => createStore({ cluster: 'c', webrtc, autoStart: false })
    expect(make).to.throw(GossipKvError, 'ERR_OPTION_INVALID')
  })
})
