import { expect } from 'chai'
import { Timeline } from '../../../sim/timeline.js'

describe('the timeline', () => {
  it('runs what was planned in order of time, and what falls into one millisecond in order of planning', () => {
    const timeline = new Timeline()
    const ran: string[] = []
    const plan = (at: number, name: string) => timeline.after(at, () => ran.push(`${name}@${timeline.now}`))
    plan(20, 'late')
    plan(5, 'first')
    plan(5, 'second')
    plan(5.4, 'rounded')
    timeline.run(10)
    expect(ran).to.deep.equal(['first@5', 'second@5', 'rounded@5'])
    timeline.run(10)
    expect(ran.at(-1)).to.equal('late@20')
    expect(timeline.now).to.equal(20)
    expect(timeline.events).to.equal(4)
  })

  it('runs in the same millisecond what an event plans for now or for the past', () => {
    const timeline = new Timeline()
    const ran: number[] = []
    timeline.after(3, () => timeline.after(0, () => timeline.after(-7, () => ran.push(timeline.now))))
    timeline.run(3)
    expect(ran).to.deep.equal([3])
  })

  it('keeps what lies beyond the wheel until its time has come', () => {
    const timeline = new Timeline()
    const ran: number[] = []
    // Around the ends of the first rounds, and far beyond: a lease of an hour.
    const times = [65_534, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 3_600_000]
    for (const at of [...times].reverse()) timeline.after(at, () => ran.push(timeline.now))
    timeline.run(4_000_000)
    expect(ran).to.deep.equal(times)
  })

  it('plans from any time on as from the start', () => {
    const timeline = new Timeline()
    timeline.run(70_001)
    const ran: number[] = []
    for (const after of [1, 65_535, 65_536, 200_000])
      timeline.after(after, () => ran.push(timeline.now - 70_001))
    timeline.run(200_000)
    expect(ran).to.deep.equal([1, 65_535, 65_536, 200_000])
  })
})
