/** When a store saves what, in virtual time. */

import { expect } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import { planAll } from '../../../src/data/replica/plan.js'
import { Replica } from '../../../src/data/replica/replica.js'
import { Saver } from '../../../src/store/saving/saver.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

const identity = new Uint8Array([1])

/** A replica that is saved, and the calls that its persistence got. */
function saved() {
  const clock = new VirtualClock()
  const persistence = memoryPersistence()
  const calls: string[] = []
  const { append, snapshot } = persistence
  persistence.append = (records) => {
    calls.push(`append ${records.length}`)
    return append.call(persistence, records)
  }
  persistence.snapshot = (content) => {
    calls.push('snapshot')
    return snapshot.call(persistence, content)
  }
  const replica = new Replica({
    random: seededRandom(1),
    wall: () => clock.wall(),
    record: (record) => saver.record(record),
  })
  const errors: unknown[] = []
  const saver: Saver = new Saver({
    persistence,
    clock,
    exchange: replica.exchange,
    warned: (warning) => errors.push(warning),
    changed: (error) => error && errors.push(error),
  })
  replica.events.on('local', () => saver.dirty())
  const set = (key: string, value: string | number) => replica.commit(planAll([{ type: 'set', key, value }]))
  return {
    clock,
    persistence,
    calls,
    saver,
    replica,
    errors,
    set,
    open: () => saver.open(identity, () => true),
  }
}

/** Lets time pass, and what a persistence does in promises with it. */
async function passed(clock: VirtualClock, millis: number): Promise<void> {
  for (let step = 0; step < millis; step++) {
    clock.run(1)
    for (let turn = 0; turn < 20; turn++) await undefined
  }
}

describe('The saver of a store', () => {
  it('makes all that happens within 10 ms durable by one append', async () => {
    const { clock, calls, saver, set, open } = saved()
    await open()
    await passed(clock, 20)
    for (let n = 0; n < 50; n++) set(`key ${n}`, n)
    expect(saver.persisted).to.equal(false)
    await passed(clock, 9)
    expect(calls).to.deep.equal([])
    await passed(clock, 2)
    expect(calls).to.deep.equal(['append 1'])
    expect(saver.persisted).to.equal(true)
  })

  it('does not wait for the 10 ms when somebody waits for the disk', async () => {
    const { calls, saver, set, open } = saved()
    await open()
    set('k', 1)
    await saver.flush()
    expect(calls).to.deep.equal(['append 1'])
  })

  it('replaces a log beyond 64 KiB by a snapshot, and a short one in an idle moment', async () => {
    const { clock, calls, saver, set, open } = saved()
    await open()
    for (const key of ['a', 'b']) {
      set(key, 'x'.repeat(40_000))
      await saver.flush()
    }
    expect(calls).to.deep.equal(['append 1', 'append 1', 'snapshot'])
    for (let n = 0; n < 6; n++) {
      set('a', `${n}${'y'.repeat(10_000)}`)
      await saver.flush()
    }
    saver.idle()
    await passed(clock, 5)
    expect(calls.at(-1)).to.equal('snapshot')
    const count = calls.length
    for (let round = 0; round < 5; round++) {
      saver.idle()
      await passed(clock, 5)
    }
    expect(calls.length, 'rewrites of what is short already').to.be.below(count + 2)
  })

  it('begins with a snapshot where an earlier run left a log', async () => {
    const { clock, persistence, calls, saver, set, open } = saved()
    await open()
    set('k', 1)
    await saver.close()
    calls.length = 0
    const replica = new Replica({ random: seededRandom(2), wall: () => clock.wall() })
    const next = new Saver({
      persistence,
      clock,
      exchange: replica.exchange,
      warned: () => {},
      changed: () => {},
    })
    await next.open(identity, () => true)
    expect([replica.get('k'), next.persisted]).to.deep.equal([1, false])
    await passed(clock, 15)
    expect([calls, next.persisted]).to.deep.equal([['snapshot'], true])
  })

  it('keeps no records while the disk fails, tries every 2 s, and then saves everything', async () => {
    const { clock, persistence, saver, replica, errors, set, open } = saved()
    await open()
    const { append, snapshot } = persistence
    let tries = 0
    persistence.append = persistence.snapshot = () => {
      tries++
      return Promise.reject(new Error('broken'))
    }
    set('k', 0)
    await passed(clock, 15)
    expect([tries, errors.length, saver.persisted]).to.deep.equal([1, 1, false])
    for (let n = 1; n < 100; n++) set('k', n)
    await passed(clock, 2_000)
    expect(tries).to.equal(2)
    Object.assign(persistence, { append, snapshot })
    await passed(clock, 2_010)
    expect(saver.persisted).to.equal(true)
    await saver.close()
    const { snapshot: content, records } = await persistence.open()
    const restored = new Replica({ random: seededRandom(3), wall: () => clock.wall() })
    if (content) restored.exchange.restore(content)
    restored.exchange.replay(records)
    expect([restored.get('k'), replica.get('k')]).to.deep.equal([99, 99])
  })

  it('takes a snapshot in place of more than 8 MiB that wait for a slow disk', async () => {
    const { persistence, calls, saver, replica, set, open } = saved()
    await open()
    let release = () => {}
    const { append } = persistence
    persistence.append = async (records) => {
      await new Promise<void>((resolve) => {
        release = resolve
      })
      await append.call(persistence, records)
    }
    set('k', 0)
    const first = saver.flush()
    for (let n = 0; n < 150; n++) {
      set(`key ${n}`, 'x'.repeat(60_000))
      replica.exchange.seal()
    }
    await undefined
    release()
    await first
    await saver.flush()
    expect(calls).to.include('snapshot')
    expect(saver.persisted).to.equal(true)
  })

  it('refuses a snapshot that is not the state of a store, and leaves it alone', async () => {
    const { persistence, saver, open } = saved()
    await persistence.open()
    await persistence.snapshot(new Uint8Array([1, 2, 3]))
    await persistence.close()
    const error = await open().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_DATA_CORRUPT' })
    await saver.close()
    expect((await persistence.open()).snapshot?.length).to.equal(3)
  })
})
