/** The page: how this tab stands, whether all hold the same, the members and the keys. */
import { useState } from 'react'
import { AddForm } from './add-form.js'
import { ConvergencePanel } from './convergence-panel.js'
import { KeyTable } from './key-table.js'
import { MemberList } from './member-list.js'
import { PageHeader } from './page-header.js'

export function App() {
  const [added, setAdded] = useState<string>()
  return (
    <div className="page">
      <PageHeader />
      <ConvergencePanel />
      <main className="columns">
        <section className="panel keys" aria-labelledby="keys-title">
          <AddForm onAdded={setAdded} />
          <KeyTable added={added} onFilter={() => setAdded(undefined)} />
        </section>
        <MemberList />
      </main>
    </div>
  )
}
