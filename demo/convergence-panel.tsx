/**
 * The convergence badge and the numbers beside it. A tab compares its digest with those of its neighbors, so
 * that "converged" means: equal to every member that it has a link to, by their last word.
 */
import type { Member, Status } from '../src/index.js'
import { useMembers, useStatus } from '../src/react.js'
import { Ago } from './ago.js'
import { CheckIcon, ExchangeIcon, MeshIcon } from './icons.js'
import { isHere } from './members-here.js'
import { clockText, countText } from './plain-text.js'
import { useKeyCount } from './use-table.js'

export function ConvergencePanel() {
  const status = useStatus()
  const here = useMembers().filter(isHere)
  const state = stateOf(status, here)
  const StateIcon = ICONS[state]
  return (
    <section className="panel convergence" data-state={state} aria-label="Convergence">
      <div className="badge">
        <StateIcon />
        <div>
          <p className="badge-word" aria-live="polite" data-testid="badge" data-converged={status.converged}>
            {WORDS[state]}
          </p>
          <p className="badge-detail">
            {detailOf(state, here)}
            <LastConvergence at={status.convergedAt} />
          </p>
        </div>
      </div>
      <Numbers members={here.length} digest={status.digest} />
    </section>
  )
}

/** `apart`: others may be there, but there is no link to any of them. */
type ConvergenceState = 'alone' | 'apart' | 'converging' | 'converged'

const WORDS: Record<ConvergenceState, string> = {
  alone: 'Nobody to compare with',
  apart: 'No link to compare over',
  converging: 'Converging...',
  converged: 'Converged',
}

const ICONS = { alone: MeshIcon, apart: MeshIcon, converging: ExchangeIcon, converged: CheckIcon } as const

function stateOf(status: Status, here: readonly Member[]): ConvergenceState {
  const linked = here.some((member) => member.direct && !member.self)
  if (!linked) return status.converged ? 'alone' : 'apart'
  return status.converged ? 'converged' : 'converging'
}

function detailOf(state: ConvergenceState, here: readonly Member[]): string {
  if (state === 'alone') return 'Your writes stay here until another member joins. '
  if (state === 'apart') return 'Your writes stay here until a link is up. '
  const neighbors = here.filter((member) => member.direct && !member.self)
  const equal = neighbors.filter((member) => member.inSync === true).length
  return `${equal} of ${countText(neighbors.length, 'neighbor')} hold the same. `
}

function LastConvergence({ at }: { at: number | undefined }) {
  if (at === undefined) return null
  return (
    <span data-testid="converged-at" data-at={at}>
      Last converged at {clockText(at)}, <Ago at={at} />.
    </span>
  )
}

function Numbers({ members, digest }: { members: number; digest: string }) {
  const keys = useKeyCount()
  return (
    <dl className="numbers">
      <div>
        <dt>Members</dt>
        <dd data-testid="member-count">{members}</dd>
      </div>
      <div>
        <dt>Keys</dt>
        <dd data-testid="key-count">{keys.toLocaleString('en')}</dd>
      </div>
      <div>
        <dt>Digest</dt>
        <dd>
          <code data-testid="digest" title={digest}>
            {digest.slice(0, 8)}
          </code>
        </dd>
      </div>
    </dl>
  )
}
