import { expect } from 'chai'
import { messageOf, shown } from '../../../src/base/errors.js'

describe('the value in the text of an error', () => {
  it('is shortened, and a string is told from what merely prints alike', () => {
    expect(shown('7')).to.equal('"7"')
    expect(shown(7)).to.equal('7')
    expect(shown('x'.repeat(100))).to.equal(`"${'x'.repeat(59)}...`)
  })

  it('may be anything, also what cannot be made a string', () => {
    const throws = {
      toString() {
        throw new Error('mine')
      },
    }
    for (const value of [Object.create(null), throws]) {
      expect(shown(value)).to.equal('object')
      expect(messageOf(value)).to.equal('object')
    }
    expect(shown(Symbol('s'))).to.equal('Symbol(s)')
  })
})
