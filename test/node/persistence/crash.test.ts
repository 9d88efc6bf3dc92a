/** A data folder after a loss of power at any moment, on a disk that promises as little as POSIX does. */
import { expect } from 'chai'
import { filePersistenceOn } from '../../../src/data/persistence/file.node.js'
import { countOf, fault, recordScript, runScript } from './crash-script.js'
import { ModelDisk, statesAfter } from './model-disk.js'

describe('A data folder after a loss of power', () => {
  it('opens with all that was acknowledged, in every state that the disk may be in', async () => {
    const { operations, acknowledged } = await recordScript()
    let states = 0
    for (let end = 0; end <= operations.length; end++) {
      for (const state of statesAfter(operations.slice(0, end))) {
        states++
        const found = await fault(state, acknowledged(end))
        if (found) expect.fail(`after ${end} operations, with ${[...state.keys()].join(', ')}: ${found}`)
      }
    }
    expect(states).to.be.greaterThan(operations.length)
  })

  it('is judged by a model that notices a missing fsync', async () => {
    const { operations, acknowledged } = await recordScript()
    for (const forgotten of ['sync', 'sync-folder']) {
      const faults: string[] = []
      for (let end = 0; end <= 14 && faults.length === 0; end++) {
        const careless = operations.slice(0, end).filter(({ type }) => type !== forgotten)
        for (const state of statesAfter(careless)) {
          const found = await fault(state, acknowledged(end))
          if (found) faults.push(found)
        }
      }
      expect(faults, forgotten).to.not.deep.equal([])
    }
  })
})

describe('A data folder on a disk in trouble', () => {
  for (const code of ['ENOSPC', 'EIO'])
    it(`fails with a typed error when any one operation fails with ${code}, and loses nothing acknowledged`, async () => {
      const { operations } = await recordScript()
      for (let index = 0; index < operations.length; index++) {
        const disk = new ModelDisk()
        disk.trouble = (_, at) => (at === index ? code : undefined)
        let acknowledged = 0
        const error = await runScript(disk, (records) => {
          acknowledged = records
        }).catch((reason: unknown) => reason)
        if (error) {
          const expected = code === 'ENOSPC' ? 'ERR_DATA_FULL' : 'ERR_DATA_UNWRITABLE'
          expect(error, `operation ${index}`).to.include({ code: expected })
        }
        await disk.releaseLock()
        expect(await fault(disk.state(), acknowledged), `operation ${index}`).to.equal(undefined)
      }
    })

  it('never writes to a log again whose fsync failed, and recovers by a snapshot in new files', async () => {
    const disk = new ModelDisk()
    const persistence = filePersistenceOn(disk, '/data')
    await persistence.open()
    const record = (text: string) => [new TextEncoder().encode(text)]
    await persistence.append(record('0'))
    disk.trouble = ({ type }) => (type === 'sync' ? 'EIO' : undefined)
    await persistence.append(record('1')).catch(() => undefined)
    disk.trouble = () => undefined
    const before = disk.operations.length
    const refused = await persistence.append(record('1')).catch((reason: unknown) => reason)
    expect(refused).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    expect(disk.operations.length).to.equal(before)
    await persistence.snapshot(new TextEncoder().encode('2'))
    await persistence.append(record('2'))
    await persistence.close()
    const written = disk.operations.slice(before).filter(({ type }) => type === 'write')
    const files = new Set(
      disk.operations.slice(0, before).flatMap((each) => ('file' in each ? [each.file] : [])),
    )
    expect(written.some((each) => 'file' in each && files.has(each.file))).to.equal(false)
    expect(countOf(await persistence.open())).to.equal(3)
  })
})
