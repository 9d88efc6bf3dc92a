/**
 * `npm start`: installs and builds what is missing, then runs the demo. Arguments go on to it:
 * `npm start -- --port 9000`. Ctrl-C reaches it exactly once, and it ends with the npm that runs it.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { requireBuild } from './built.mjs'
import { requireDependencies, requireNode } from './dependencies.mjs'

/** The shell in which npm runs this; read before anything can end it. */
const shell = process.ppid

requireNode()
requireDependencies()
requireBuild()

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const watch = new URL('./parent-watch.mjs', import.meta.url).href

// A group of its own: a terminal sends Ctrl-C to npm, to this process and to the demo, and npm forwards its own
// copy; the demo would take the second for impatience. Here the copies of one key press become one signal.
const demo = spawn(process.execPath, ['--import', watch, program, 'demo', ...process.argv.slice(2)], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  detached: process.platform !== 'win32',
})

const ONE_KEY_PRESS_MILLIS = 500
let forwardedAt = Number.NEGATIVE_INFINITY
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (performance.now() - forwardedAt < ONE_KEY_PRESS_MILLIS) return
    forwardedAt = performance.now()
    demo.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  })
}

// Told to end, npm ends its shell, which tells nobody: without this the demo would go on alone and hold its port.
if (process.env.npm_lifecycle_event !== undefined) {
  const watchShell = () => process.ppid !== shell && demo.kill('SIGTERM')
  setInterval(watchShell, 250).unref()
}

demo.on('error', (error) => {
  console.error(`The demo could not be started: ${error.message}`)
  process.exitCode = 1
})
demo.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
})
