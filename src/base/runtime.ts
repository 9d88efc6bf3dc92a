/** What kind of member runs here: in Node, and where neither a browser nor Node is, as in a server-side render. */
import type { MemberKind } from './member.js'

export const runtimeKind: MemberKind = 'node'
