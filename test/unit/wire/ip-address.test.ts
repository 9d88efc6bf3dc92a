import { expect } from 'chai'
import {
  type AddressScope,
  addressScope,
  addressSpace,
  clientOf,
  isLoopbackName,
} from '../../../src/base/ip-address.js'

const SCOPES: Record<AddressScope, string[]> = {
  network: [
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '8.8.8.8',
    '223.255.255.254',
    '169.253.1.1',
    '100.100.100.201',
    'fd00::2',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '64:ff9b::8.8.8.8',
    '2002:0808:0808::1',
    'FD00::AB',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
  ],
  loopback: [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::0001',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:7F00:0001',
    '0:0:0:0:0:ffff:127.0.0.1',
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ],
  'link-local': ['169.254.1.1', '169.254.0.23', 'fe80::1', 'febf::1', 'fec0::1', '::ffff:169.254.1.1'],
  denied: [
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '0::0',
    '::0.0.0.0',
    '::ffff:0.0.0.0',
    '224.0.0.251',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    'ff02::fb',
    '169.254.169.254',
    '169.254.170.2',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:0ec2:0:0:0:0:0:254',
    'fd20:ce::254',
  ],
}

describe('addressScope', () => {
  for (const [scope, addresses] of Object.entries(SCOPES)) {
    it(`tells a ${scope} address in every spelling`, () => {
      expect(addresses.filter((address) => addressScope(address) !== scope)).to.deep.equal([])
    })
  }

  it('takes nothing for an address that is none, or that parsers read differently', () => {
    const none = [
      '',
      'localhost',
      'example.org',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.4.',
      '256.1.1.1',
      '010.0.0.1',
      '127.0.0.01',
      '0x7f.0.0.1',
      '2130706433',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '12345::',
      'g::1',
      'fe80::1%eth0',
      '::1.2.3',
      '::256.0.0.1',
      '1.2.3.4::',
      '[::1]',
      ' ::1',
    ]
    expect(none.filter((text) => addressScope(text) !== undefined)).to.deep.equal([])
  })
})

describe('clientOf', () => {
  it('counts an IPv4 address in either form as one client, and a /64 of IPv6', () => {
    expect(clientOf('192.0.2.1')).to.equal('192.0.2.1')
    expect(clientOf('::ffff:192.0.2.1')).to.equal('192.0.2.1')
    expect(clientOf('2001:db8:1:2:3:4:5:6')).to.equal(clientOf('2001:db8:1:2::'))
    expect(clientOf('2001:db8:1:2::')).to.not.equal(clientOf('2001:db8:1:3::'))
    expect(clientOf('unknown')).to.equal('unknown')
  })
})

describe('isLoopbackName', () => {
  it('is true for names and addresses that can only mean this machine', () => {
    expect(
      ['localhost', 'LOCALHOST', 'a.localhost', '127.0.0.1', '[::1]', '::1'].every(isLoopbackName),
    ).to.equal(true)
    const others = ['', 'example.org', 'localhost.example.org', 'notlocalhost', '192.0.2.1', '[fe80::1]']
    expect(others.some(isLoopbackName)).to.equal(false)
  })
})

describe('addressSpace', () => {
  for (const [space, hosts] of [
    ['loopback', ['localhost', 'a.localhost', '127.0.0.1', '[::1]']],
    [
      'local',
      ['10.0.0.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '100.64.0.1', '100.127.0.1', '169.254.1.1'],
    ],
    ['local', ['printer.local', '[fd12:3456::1]', '[fe80::1]']],
    [
      'public',
      ['8.8.8.8', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.63.0.1', '100.128.0.1', '[2001:db8::1]'],
    ],
    ['public', ['example.org', '10.example.org', 'local', 'fd12.example', '']],
  ] as const) {
    it(`is ${space} for ${hosts.join(', ')}`, () => {
      expect(hosts.filter((host) => addressSpace(host) !== space)).to.deep.equal([])
    })
  }
})
