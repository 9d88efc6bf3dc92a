import { expect } from 'chai'
import {
  candidateKind,
  cleanDescription,
  type GuardedAddresses,
  isDescription,
} from '../../../src/mesh/links/signal-filter.js'

const candidate = (address: string, type = 'host', transport = 'udp') =>
  `candidate:3077952869 1 ${transport} 2122265343 ${address} 51172 typ ${type} generation 0 ufrag FyXH network-id 2`
const NAME = '9b36eaac-bb2e-49bb-bb78-21c41c499900.local'
const SDP = [
  'v=0',
  'o=- 7306878999200230846 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:9Idn',
  'a=ice-pwd:bEaRUOoeL2ieq1yzmVF5QCcJ',
  'a=ice-options:trickle',
  'a=fingerprint:sha-256 37:03:7D:F5:1F:D9:43:D0:4E:8B:CF:12:BE:60:A6:7B:1F:71:AF:8C:2F:25:2F:C8:5B:18:90:F9:7A:41:4D:13',
  'a=setup:actpass',
  'a=mid:0',
  '',
]
const withLine = (line: string) => [...SDP.slice(0, -1), line, ''].join('\r\n')
const without = (prefix: string) => SDP.filter((line) => !line.startsWith(prefix)).join('\r\n')

describe('candidateKind', () => {
  it('tells the kinds of candidates that browsers and Node make', () => {
    expect(candidateKind(candidate('192.0.2.2'))).to.equal('host')
    expect(candidateKind(candidate('fd00::2'))).to.equal('host')
    expect(candidateKind(candidate('2001:db8::1', 'prflx'))).to.equal('prflx')
    expect(candidateKind(candidate('::ffff:192.0.2.1', 'srflx'))).to.equal('srflx')
    expect(candidateKind(candidate('198.51.100.7', 'relay', 'UDP'))).to.equal('relay')
    expect(candidateKind(candidate(NAME))).to.equal('mDNS')
  })

  it('refuses names that would be looked up, and whatever is no candidate', () => {
    const refused = [
      '',
      'nonsense',
      candidate('example.org'),
      candidate('localhost'),
      candidate('evil.local'),
      candidate('999.1.1.1'),
      candidate('1.2.3'),
      candidate('1.2.3.4.5'),
      candidate('0x7f.1'),
      candidate('192.0.2.2', 'other'),
      candidate('192.0.2.2', 'host', 'sctp'),
      candidate('192.0.2.2', 'host', 'tcp'),
      candidate('fe80::1%eth0'),
      candidate('192.0.2.2 1 typ host\r\na=x'),
      `a=${candidate('192.0.2.2')}`,
      `${candidate('192.0.2.2')}\r\nm=video`,
    ]
    expect(refused.filter((text) => candidateKind(text) !== undefined)).to.deep.equal([])
  })
})

describe('candidateKind of an address that no member may name', () => {
  it('refuses loopback, link-local and reserved addresses and those of metadata services, in every spelling', () => {
    const refused = [
      '127.0.0.1',
      '::1',
      '169.254.1.1',
      'fe80::1',
      '169.254.169.254',
      '::ffff:127.0.0.1',
      '0.0.0.0',
    ]
    expect(refused.map((address) => candidateKind(candidate(address)))).to.deep.equal(
      refused.map(() => 'refused'),
    )
  })

  it('lets in what is allowed, and nothing else', () => {
    const kinds = (allowed: readonly GuardedAddresses[]) =>
      ['127.0.0.1', '::ffff:7f00:1', 'fe80::1', '169.254.169.254', '224.0.0.1'].map((address) =>
        candidateKind(candidate(address), allowed),
      )
    expect(kinds(['loopback'])).to.deep.equal(['host', 'host', 'refused', 'refused', 'refused'])
    expect(kinds(['link-local'])).to.deep.equal(['refused', 'refused', 'host', 'refused', 'refused'])
  })
})

describe('cleanDescription', () => {
  it('leaves the description of a data channel as it is', () => {
    expect(cleanDescription(SDP.join('\r\n'), () => true)).to.equal(SDP.join('\r\n'))
  })

  it('takes out the candidates that are refused, and whatever else names an address', () => {
    const offered = ['192.0.2.2', '127.0.0.1', NAME].map((address) => candidate(address))
    const sdp = [...SDP.slice(0, -1), ...offered.map((line) => `a=${line}`), 'a=candidate:x', ''].join('\r\n')
    const seen: string[] = []
    const clean = cleanDescription(sdp.replace('IP4 0.0.0.0', 'IP4 printer.example'), (line) => {
      seen.push(line)
      return candidateKind(line) === 'host'
    })
    expect(seen).to.deep.equal([...offered, 'candidate:x'])
    expect(clean?.split('\r\n').filter((line) => line.includes('candidate'))).to.deep.equal([
      `a=${candidate('192.0.2.2')}`,
    ])
    expect(clean).to.contain('\r\nc=IN IP4 0.0.0.0\r\n').and.not.contain('printer')
  })

  it('refuses media, several sections, missing keys, and whatever is no description', () => {
    const refused = [
      '',
      '{}',
      'v=1',
      withLine('m=video 9 UDP/TLS/RTP/SAVPF 96'),
      withLine('m=application 9 UDP/DTLS/SCTP webrtc-datachannel'),
      without('m=application'),
      without('a=fingerprint'),
      without('a=ice-ufrag'),
      without('a=ice-pwd'),
      without('a=setup'),
      SDP.join('\r\n').replace('sha-256', 'sha-1'),
      withLine('a=x\r\n'.repeat(300)),
      // A line for a parser that ends lines at a bare carriage return, or at U+2028.
      withLine(`a=x\ra=${candidate('127.0.0.1')}`),
      withLine(`a=x\u2028a=${candidate('127.0.0.1')}`),
    ]
    expect(refused.filter(isDescription)).to.deep.equal([])
    expect(isDescription(SDP.join('\n'))).to.equal(true)
  })
})
