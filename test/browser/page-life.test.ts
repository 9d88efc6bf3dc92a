import { expect } from 'chai'
import { followPage } from '../../src/store/page-life.js'

/** What a followed page reports. */
function followed() {
  const log: string[] = []
  const off = followPage({ show: (visibility) => log.push(visibility), end: () => log.push('end') })
  return { log, off }
}

const transition = (type: string, persisted: boolean) => new PageTransitionEvent(type, { persisted })

describe('the life of a page', () => {
  it('tells when it is stopped and when it goes on, though these events do not bubble', () => {
    const { log, off } = followed()
    document.dispatchEvent(new Event('freeze'))
    document.dispatchEvent(new Event('resume'))
    document.dispatchEvent(new Event('visibilitychange'))
    off()
    expect(log).to.deep.equal(['frozen', 'visible', 'visible'])
  })

  it('takes a page in the back-forward cache for stopped, and any other one that goes for gone', () => {
    const { log, off } = followed()
    window.dispatchEvent(transition('pagehide', true))
    window.dispatchEvent(transition('pageshow', true))
    window.dispatchEvent(transition('pagehide', false))
    off()
    expect(log).to.deep.equal(['frozen', 'visible', 'end'])
  })

  it('is not followed any more once unsubscribed', () => {
    const { log, off } = followed()
    off()
    document.dispatchEvent(new Event('freeze'))
    window.dispatchEvent(transition('pagehide', false))
    expect(log).to.deep.equal([])
  })
})
