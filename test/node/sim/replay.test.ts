/** The same seed goes the same way in every runtime: the scenarios of the swarm, in Node and in Chromium. */
import { expect } from 'chai'
import { build } from 'esbuild'
import { playScenario, scenarioOf } from '../../../sim/swarm.js'
import { createTestCluster } from '../../../src/testing.js'
import { closeChromium, openTab } from '../../e2e/chromium.js'

/** Among them are stub and real replicas. */
const SEEDS = [1, 2, 3, 4]

const PROGRAM = `
import { playScenario, scenarioOf } from './sim/swarm.ts'
globalThis.outcomes = ${JSON.stringify(SEEDS)}.map((seed) => playScenario(scenarioOf(seed)))
`

const STORES = `
import { createTestCluster } from './src/testing.ts'
globalThis.outcomes = (${traceOfStores})(createTestCluster)
`

/** A run of real stores; its source runs in Chromium as well. */
async function traceOfStores(create: typeof createTestCluster): Promise<string> {
  const cluster = await create({ seed: 9, members: 5, loss: 0.05, duplication: 0.1, reordering: 0.1 })
  const [a, b] = cluster.members
  if (!a || !b) throw new Error('five members')
  a.presence.set({ cursor: 1 })
  cluster.jumpClock(b, 5_000)
  cluster.partition([a, b], cluster.members.slice(2))
  for (let number = 0; number < 50; number++) {
    a.usr.set(`key ${number % 7}`, { number, text: 'x'.repeat(number) })
    await cluster.advance(200)
  }
  cluster.heal()
  await cluster.crash(b)
  await cluster.settle()
  await cluster.close()
  return `${cluster.now} ${cluster.trace}`
}

describe('the simulator', () => {
  after(closeChromium)

  it('goes the same way in Node and in Chromium, step for step', async () => {
    const inChromium = await outcomesInChromium(PROGRAM)
    const inNode = SEEDS.map((seed) => playScenario(scenarioOf(seed)))
    expect(inChromium).to.deep.equal(JSON.parse(JSON.stringify(inNode)))
    expect(new Set(inNode.map(({ traceHash }) => traceHash)).size).to.equal(SEEDS.length)
    expect(new Set(SEEDS.map((seed) => scenarioOf(seed).replica)).size).to.equal(2)
  })

  it('and so do the stores of a test cluster: their traces are the same', async () => {
    const inChromium = await outcomesInChromium(STORES)
    expect(inChromium).to.match(/^\d+(\.\d+)? [0-9a-f]{16}$/)
    expect(inChromium).to.equal(await traceOfStores(createTestCluster))
  })
})

async function outcomesInChromium(program: string): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
  })
  const page = await openTab()
  await page.evaluate(outputFiles[0]?.text ?? '')
  return page.evaluate(() => (globalThis as unknown as { outcomes: unknown }).outcomes)
}
