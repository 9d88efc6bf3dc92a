/** The emitter: one listener's failure is nobody else's. */
import { expect } from 'chai'
import { Emitter } from '../../../src/base/emitter.js'

interface Events {
  change: number
  error: Error
}

function recorder() {
  const reported: unknown[] = []
  const emitter = new Emitter<Events>((error) => reported.push(error))
  return { emitter, reported }
}

describe('Emitter', () => {
  it('calls every listener of the event, in the order of their subscription', () => {
    const { emitter } = recorder()
    const seen: string[] = []
    emitter.on('change', (value) => seen.push(`first ${value}`))
    emitter.on('change', (value) => seen.push(`second ${value}`))
    emitter.emit('change', 1)
    expect(seen).to.deep.equal(['first 1', 'second 1'])
  })

  it('reports a listener that throws and still calls the others', () => {
    const { emitter, reported } = recorder()
    const failure = new Error('listener')
    const seen: number[] = []
    emitter.on('change', () => {
      throw failure
    })
    emitter.on('change', (value) => seen.push(value))
    emitter.emit('change', 7)
    expect(seen).to.deep.equal([7])
    expect(reported).to.deep.equal([failure])
  })

  it('treats two subscriptions of one function as two', () => {
    const { emitter } = recorder()
    let calls = 0
    const listener = () => {
      calls += 1
    }
    const off = emitter.on('change', listener)
    emitter.on('change', listener)
    off()
    off()
    emitter.emit('change', 1)
    expect(calls).to.equal(1)
  })

  it('calls the listeners that were there when the emit began', () => {
    const { emitter } = recorder()
    const seen: string[] = []
    emitter.on('change', () => {
      emitter.on('change', () => seen.push('late'))
    })
    emitter.emit('change', 1)
    expect(seen).to.deep.equal([])
    emitter.emit('change', 2)
    expect(seen).to.deep.equal(['late'])
  })

  it('stops at the abort of its signal and never starts after it', () => {
    const { emitter } = recorder()
    const seen: number[] = []
    const controller = new AbortController()
    emitter.on('change', (value) => seen.push(value), { signal: controller.signal })
    emitter.emit('change', 1)
    controller.abort()
    emitter.on('change', (value) => seen.push(value), { signal: controller.signal })
    emitter.emit('change', 2)
    expect(seen).to.deep.equal([1])
  })

  it('drops an error event that nobody listens to', () => {
    const { emitter, reported } = recorder()
    emitter.emit('error', new Error('unheard'))
    expect(reported).to.deep.equal([])
  })
})
