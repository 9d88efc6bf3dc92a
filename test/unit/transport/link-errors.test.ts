import { expect } from 'chai'
import { iceFailed } from '../../../src/mesh/links/link-errors.js'
import type { CandidateKind } from '../../../src/mesh/links/signal-filter.js'

const textOf = (own: CandidateKind[], theirs: CandidateKind[]) =>
  iceFailed('peer', { own: new Set(own), theirs: new Set(theirs) }).message

describe('the error of a dial that found no path', () => {
  it('names the kinds of candidates of both sides', () => {
    expect(textOf(['srflx', 'host'], ['mDNS'])).to.include('own candidates: host, srflx; theirs: mDNS')
    expect(textOf([], [])).to.include('own candidates: none; theirs: none')
  })

  it('tells the next step, which depends on what was there', () => {
    expect(textOf(['host'], [])).to.include('signals reach both members')
    expect(textOf(['host'], ['host'])).to.include('Add a STUN or TURN server')
    expect(textOf(['host', 'srflx'], ['srflx'])).to.include('STUN alone does not')
    expect(textOf(['host', 'relay'], ['host'])).to.include('whether the TURN server')
  })
})
