/** A process that runs seeds of the causal oracle for oracle-pool.ts, one task at a time; ends with its parent. */
import { type OracleTask, runTask } from './oracle-task.js'

process.once('disconnect', () => process.exit())
process.on('message', (task: OracleTask) => {
  process.send?.(runTask(task))
})
