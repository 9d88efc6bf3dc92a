/** The members of the cluster as this tab sees them. */
import type { Member } from '../src/index.js'
import { useMembers, useStatus } from '../src/react.js'
import { addressForAnotherTab } from './address.js'
import { BrowserIcon, CheckIcon, ExchangeIcon, NodeIcon } from './icons.js'
import { hueStyle } from './member-color.js'
import { forReading, label } from './members-here.js'
import { roundTripText } from './plain-text.js'

export function MemberList() {
  const members = forReading(useMembers())
  return (
    <section className="panel members" aria-labelledby="members-title">
      <div className="panel-head">
        <h2 id="members-title">Members</h2>
        <a
          className="button quiet"
          href={addressForAnotherTab(new URL(location.href))}
          target="_blank"
          rel="noopener"
        >
          Open another tab
        </a>
      </div>
      <ul className="member-list" data-testid="member-list">
        {members.map((member) => (
          <MemberCard key={member.id} member={member} />
        ))}
      </ul>
      {members.length < 2 && <Solitude />}
    </section>
  )
}

function Solitude() {
  const { name } = useStatus()
  if (name === 'starting' || name === 'joining') return <p className="empty">Looking for others...</p>
  return (
    <p className="empty">
      {name === 'alone'
        ? 'Nobody else is here yet. Open this page in another tab, and it joins within a second.'
        : 'No member can be reached now. They come back by themselves once there is a connection again.'}
    </p>
  )
}

function MemberCard({ member }: { member: Member }) {
  return (
    <li
      className="member"
      data-testid="member"
      data-id={member.id}
      data-kind={member.kind}
      data-state={member.state}
      data-self={member.self}
      style={hueStyle(member.id)}
    >
      <span className="member-kind" title={KINDS[member.kind]}>
        {member.kind === 'node' ? <NodeIcon /> : <BrowserIcon />}
      </span>
      <div className="member-text">
        <p className="member-name">
          <strong>{label(member)}</strong>
          {member.self && <span className="tag">this tab</span>}
        </p>
        <p className="member-detail">
          {KINDS[member.kind]}
          {member.port !== null && ` · port ${member.port}`} ·{' '}
          <code title={member.id}>{member.id.slice(0, 6)}</code>
        </p>
      </div>
      <div className="member-standing">
        <span className="state" data-state={member.state}>
          {member.state}
        </span>
        <LinkDetail member={member} />
      </div>
    </li>
  )
}

const KINDS = { node: 'Node', browser: 'Browser tab' } as const

function LinkDetail({ member }: { member: Member }) {
  if (member.self) return null
  if (!member.direct) {
    return (
      <span className="link-detail" title="No link from here: its news comes through others">
        not linked
      </span>
    )
  }
  return (
    <span className="link-detail" title="Round trip of the link, and whether it holds the same data">
      {member.rttMillis === undefined ? 'linked' : roundTripText(member.rttMillis)}
      <SyncMark inSync={member.inSync} />
    </span>
  )
}

function SyncMark({ inSync }: { inSync: boolean | undefined }) {
  if (inSync === undefined) return null
  return (
    <span
      className="sync-mark"
      data-in-sync={inSync}
      role="img"
      aria-label={inSync ? 'in sync' : 'not yet in sync'}
    >
      {inSync ? <CheckIcon /> : <ExchangeIcon />}
    </span>
  )
}
