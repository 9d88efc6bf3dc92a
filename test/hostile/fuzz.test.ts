/** A short run of every fuzz target; `npm run nightly` runs a million of each. */
import { expect } from 'chai'
import { fuzz } from '../fuzz/fuzz.js'
import type { Target } from '../fuzz/target.js'
import { TARGETS } from '../fuzz/targets.js'

const RUNS = 3000
const SEED = 20_261_125
/** Their honest messages are new in each run, as keys and nonces are. */
const SECURED = ['handshake', 'seals']

describe('hostile input', () => {
  for (const target of TARGETS) {
    it(`does no harm to ${target.about}`, async () => {
      const runs = SECURED.includes(target.name) ? RUNS / 10 : RUNS
      const { runs: done, crashes, slow, outcomes, findings } = await fuzz(target, { seed: SEED, runs })
      expect({ runs: done, crashes, slow, findings }).to.deep.equal({
        runs,
        crashes: 0,
        slow: 0,
        findings: [],
      })
      // A target that refuses everything, or takes everything, tests nothing.
      expect(Object.keys(outcomes).length).to.be.at.least(3)
    })
  }

  it('is found when it does harm: a target that throws, and one that stands still', async () => {
    const bad: Target = {
      name: 'bad',
      about: '',
      cases: () => ({
        show: String,
        run(index) {
          if (index === 3) throw new Error('a crash')
          // As the rule has it: 25 ms of the processor, which take longer on a busy machine, and 25 ms of the wall, since the
          // compiler's threads count too.
          const [startedAt, begun] = [performance.now(), process.cpuUsage()]
          const used = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000
          if (index === 5) while (performance.now() < startedAt + 25 || used(process.cpuUsage(begun)) < 25);
          // One that waits takes nobody's time.
          if (index === 7) return new Promise((resolve) => setTimeout(() => resolve('waited'), 30))
          return 'fine'
        },
      }),
    }
    const { crashes, slow, findings } = await fuzz(bad, { seed: 1, runs: 10 })
    expect([crashes, slow, findings.map(({ index }) => index)]).to.deep.equal([1, 1, [3, 5]])
  })

  it('is the same in every run of a seed, and another with another seed', async () => {
    for (const target of TARGETS.filter(({ name }) => !SECURED.includes(name))) {
      const shown = async (seed: number) => {
        const cases = await target.cases(seed)
        return [0, 1, 2, 3, 4].map((index) => cases.show(index))
      }
      expect(await shown(1), target.name).to.deep.equal(await shown(1))
      expect(await shown(1), target.name).to.not.deep.equal(await shown(2))
    }
  })
})
