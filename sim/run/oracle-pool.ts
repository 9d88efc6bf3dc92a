/** Runs tasks of the causal oracle in as many processes as the machine has cores, and yields each as it ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type OracleTally, type OracleTask, runTask } from './oracle-task.js'

const WORKER = fileURLToPath(new URL('oracle-worker.ts', import.meta.url))
/** A process takes a second to start: that many runs take less. */
const RUNS_IN_PROCESS = 50

/** A task that has ended. */
export interface Done<T extends OracleTask> {
  task: T
  tally: OracleTally
}

/** Runs all of `tasks`; the caller may stop early. */
export async function* runTasks<T extends OracleTask>(tasks: readonly T[]): AsyncGenerator<Done<T>> {
  const runs = tasks.reduce((sum, task) => sum + task.runs, 0)
  if (runs <= RUNS_IN_PROCESS) {
    for (const task of tasks) yield { task, tally: runTask(task) }
    return
  }
  const waiting = [...tasks]
  const workers: ChildProcess[] = []
  const running = new Map<ChildProcess, Promise<Done<T> & { worker: ChildProcess }>>()
  const next = (worker: ChildProcess) => {
    const task = waiting.shift()
    if (task) running.set(worker, runIn(worker, task))
    else running.delete(worker)
  }
  try {
    for (let i = 0; i < Math.min(availableParallelism(), tasks.length); i++) {
      const worker = fork(WORKER)
      workers.push(worker)
      next(worker)
    }
    while (running.size > 0) {
      const { worker, ...done } = await Promise.race(running.values())
      next(worker)
      yield done
    }
  } finally {
    for (const worker of workers) worker.disconnect()
  }
}

async function runIn<T extends OracleTask>(worker: ChildProcess, task: T) {
  const ended = new AbortController()
  try {
    worker.send(task)
    const exited = once(worker, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`A worker of the oracle ended with ${code} at seeds from ${task.from}`)
    })
    const [tally] = (await Promise.race([once(worker, 'message', { signal: ended.signal }), exited])) as [
      OracleTally,
    ]
    return { worker, task, tally }
  } finally {
    ended.abort()
  }
}
