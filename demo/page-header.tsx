/** The top of the page: what this is, who this tab is, and how it stands. */
import type { Status } from '../src/index.js'
import { useSelf, useStatus, useStore } from '../src/react.js'
import { MeshIcon } from './icons.js'
import { hueStyle } from './member-color.js'
import { countText, plainText } from './plain-text.js'

export function PageHeader() {
  const { cluster } = useStore()
  return (
    <>
      <header className="page-header">
        <div className="brand">
          <MeshIcon />
          <div>
            <h1>gossip-kv</h1>
            <p>
              cluster <strong>{cluster}</strong>
            </p>
          </div>
        </div>
        <div className="standing">
          <SelfName />
          <StatusPill />
        </div>
      </header>
      <Trouble />
    </>
  )
}

function SelfName() {
  const self = useSelf()
  if (self === undefined) return null
  return (
    <p className="self-name" data-testid="self" data-id={self.id}>
      <span className="dot" style={hueStyle(self.id)} />
      <span>
        You are <strong>{self.name ?? 'nameless'}</strong> <code>{self.id.slice(0, 6)}</code>
      </span>
    </p>
  )
}

const STATUS_HINTS: Record<Status['name'], string> = {
  idle: 'Not started',
  starting: 'Reading what it needs before it can meet others',
  alone: 'Nobody else is here, as far as signaling knows',
  joining: 'Others are here; no link has synced yet',
  live: 'Linked, and synced with at least one neighbor',
  degraded: 'Linked, but something promised does not hold',
  offline: 'No link, and signaling cannot be reached; edits stay here until it can',
  closed: 'This store is closed',
}

function StatusPill() {
  const { name, signaling, links } = useStatus()
  return (
    <p
      className="pill"
      role="status"
      data-testid="status"
      data-status={name}
      data-signaling={signaling}
      title={`${STATUS_HINTS[name]}. Signaling: ${signaling}. ${countText(links, 'link')}.`}
    >
      <strong>{name}</strong>
      <span className="pill-detail">
        signaling {signaling} · {countText(links, 'link')}
      </span>
    </p>
  )
}

function Trouble() {
  const { name, lastError } = useStatus()
  if (lastError === undefined || (name !== 'degraded' && name !== 'offline')) return null
  return (
    <p className="trouble" role="alert" data-testid="trouble">
      {plainText(lastError)} <code>{lastError.code}</code>
    </p>
  )
}
