/** What kind of member runs here: in a browser. */
import type { MemberKind } from './member.js'

export const runtimeKind: MemberKind = 'browser'
