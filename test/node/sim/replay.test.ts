/** The same seed goes the same way in every runtime: the scenarios of the swarm, in Node and in Chromium. */
import { expect } from 'chai'
import { build } from 'esbuild'
import puppeteer from 'puppeteer-core'
import { findBrowser } from '../../../scripts/browser.mjs'
import { playScenario, scenarioOf } from '../../../src/sim/swarm.js'

/** Among them are stub and real replicas. */
const SEEDS = [1, 2, 3, 4]

const PROGRAM = `
import { playScenario, scenarioOf } from './src/sim/swarm.ts'
globalThis.outcomes = ${JSON.stringify(SEEDS)}.map((seed) => playScenario(scenarioOf(seed)))
`

describe('the simulator', () => {
  it('goes the same way in Node and in Chromium, step for step', async function () {
    this.timeout(120_000)
    const inChromium = await outcomesInChromium()
    const inNode = SEEDS.map((seed) => playScenario(scenarioOf(seed)))
    expect(inChromium).to.deep.equal(JSON.parse(JSON.stringify(inNode)))
    expect(new Set(inNode.map(({ traceHash }) => traceHash)).size).to.equal(SEEDS.length)
    expect(new Set(SEEDS.map((seed) => scenarioOf(seed).replica)).size).to.equal(2)
  })
})

async function outcomesInChromium(): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  })
  const { executablePath, args, headless } = await findBrowser()
  const browser = await puppeteer.launch({
    executablePath,
    args,
    headless,
    pipe: true,
    protocolTimeout: 100_000,
  })
  try {
    const page = await browser.newPage()
    await page.evaluate(outputFiles[0]?.text ?? '')
    return await page.evaluate(() => (globalThis as unknown as { outcomes: unknown }).outcomes)
  } finally {
    await browser.close()
  }
}
