import { expect } from 'chai'
import { Timers } from '../../../src/store/timers.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

describe('named timers', () => {
  function counted(): {
    clock: VirtualClock
    timers: Timers
    calls: string[]
    call: (what: string) => () => void
  } {
    const clock = new VirtualClock()
    const calls: string[] = []
    const call = (what: string) => () => void calls.push(`${what} at ${clock.monotonic()}`)
    return { clock, timers: new Timers(clock), calls, call }
  }

  it('keep the first of two calls under one name, and take a new one after it', () => {
    const { clock, timers, calls, call } = counted()
    timers.once('save', 10, call('first'))
    timers.once('save', 1, call('second'))
    clock.run(20)
    timers.once('save', 5, call('third'))
    clock.run(20)
    expect(calls).to.deep.equal(['first at 10', 'third at 25'])
  })

  it('call again and again until cancelled, also from within a call', () => {
    const { clock, timers, calls, call } = counted()
    timers.every('idle', 10, () => {
      call('idle')()
      if (calls.length === 3) timers.once('other', 5, () => timers.cancel('idle'))
    })
    clock.run(100)
    expect(calls).to.deep.equal(['idle at 10', 'idle at 20', 'idle at 30'])
    expect(timers.has('idle')).to.equal(false)
  })

  it('call nothing after the end, not even what is asked for later', () => {
    const { clock, timers, calls, call } = counted()
    timers.once('early', 10, call('early'))
    timers.close()
    timers.once('late', 10, call('late'))
    clock.run(100)
    expect(calls).to.deep.equal([])
  })
})
