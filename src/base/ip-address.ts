/**
 * IP literals, and where they lead. Every spelling of an address gets the same answer: an IPv6 address that carries an
 * IPv4 one (RFC 4291, section 2.5.5; RFC 6052; RFC 3056) is judged as that one.
 */

/** Where packets to an address would go. `denied`: to nobody a member may name, as groups or a cloud's metadata. */
export type AddressScope = 'network' | 'loopback' | 'link-local' | 'denied'

/** Strict, as `127.1`, `0x7f.1` and `010.0.0.1` are read differently by different parsers. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
/** The networks of RFC 1918, RFC 6598 and RFC 4193, in the one spelling that a parsed URL has. */
const LOCAL =
  /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|^f[cd][\da-f]{2}:/
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i
/** Metadata services outside of the link-local network: Alibaba, Azure, Oracle. */
const IPV4_METADATA: ReadonlySet<string> = new Set(['100.100.100.200', '168.63.129.16', '192.0.0.192'])
/** The first 32 bits of the same in IPv6: AWS (fd00:ec2::), Google (fd20:ce::). */
const IPV6_METADATA: ReadonlySet<string> = new Set(['fd00:ec2', 'fd20:ce'])

/** The scope of an IP literal; undefined for whatever is none, names included. */
export function addressScope(text: string): AddressScope | undefined {
  if (IPV4.test(text)) return ipv4Scope(bytesOf(text))
  const groups = groupsOf(text)
  return groups && ipv6Scope(groups)
}

/** What counts as one client: an IPv4 address, or the /64 that a host of IPv6 may choose its addresses from. */
export function clientOf(address: string): string {
  const groups = groupsOf(address)
  if (groups === undefined) return address
  const embedded = embeddedIpv4(groups)
  return embedded ? embedded.join('.') : groups.slice(0, 4).map(hex).join(':')
}

/** Whether a host name, as in a URL, can only mean this machine. */
export function isLoopbackName(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || addressScope(name) === 'loopback'
}

/** Where the host of a URL is as seen by a browser, as far as it tells (WICG Local Network Access, IP address space). */
export function addressSpace(host: string): 'public' | 'local' | 'loopback' {
  if (isLoopbackName(host)) return 'loopback'
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  const scope = addressScope(name)
  if (scope === undefined) return name.endsWith('.local') ? 'local' : 'public'
  return scope === 'link-local' || LOCAL.test(name) ? 'local' : 'public'
}

function ipv4Scope(bytes: readonly number[]): AddressScope {
  const [a = 0, b, c = 0] = bytes
  if (a === 127) return 'loopback'
  if (a === 0 || a >= 224 || IPV4_METADATA.has(bytes.join('.'))) return 'denied'
  if (a !== 169 || b !== 254) return 'network'
  // Metadata of most clouds, and of the tasks and pods in them.
  return c === 169 || c === 170 ? 'denied' : 'link-local'
}

function ipv6Scope(groups: readonly number[]): AddressScope {
  const [first = 0, second = 0] = groups
  const sum = groups.reduce((total, group) => total + group, 0)
  if (sum === 0) return 'denied'
  if (sum === 1 && groups[7] === 1) return 'loopback'
  const embedded = embeddedIpv4(groups)
  if (embedded) return ipv4Scope(embedded)
  if (first >= 0xff00 || IPV6_METADATA.has(`${hex(first)}:${hex(second)}`)) return 'denied'
  return (first & 0xff80) === 0xfe80 ? 'link-local' : 'network'
}

/** Compatible, mapped, translated (64:ff9b::, ::ffff:0:), 6to4 (2002:). */
function embeddedIpv4(groups: readonly number[]): number[] | undefined {
  const prefix = groups.slice(0, 6).map(hex).join(':')
  if (groups[0] === 0x2002) return bytesOfGroups(groups.slice(1, 3))
  return /^(?:0:0:0:0:0:(?:0|ffff)|0:0:0:0:ffff:0|64:ff9b:0:0:0:0)$/.test(prefix)
    ? bytesOfGroups(groups.slice(6))
    : undefined
}

function groupsOf(text: string): number[] | undefined {
  const [, before = text, dotted] = /^(.*:)([^:]*\.[^:]*)$/.exec(text) ?? []
  if (dotted !== undefined && !IPV4.test(dotted)) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = dotted === undefined ? [] : bytesOf(dotted)
  const whole = dotted === undefined ? text : `${before}${hex(a * 256 + b)}:${hex(c * 256 + d)}`
  const halves = whole.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail] = halves
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length > 2 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])]
  return groups.every((group) => IPV6_GROUP.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined
}

function bytesOf(dotted: string): number[] {
  return dotted.split('.').map(Number)
}

function bytesOfGroups(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [group >> 8, group & 255])
}

function hex(number: number): string {
  return number.toString(16)
}
