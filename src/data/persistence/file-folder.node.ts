/** What a data folder holds, and how the newest state is read out of it, whatever befell its files. */
import { join } from 'node:path'
import { corrupt, type Damage, survived, tooNew, torn } from './file-errors.node.js'
import { unframe } from './file-frame.node.js'
import { readLog } from './file-log.node.js'
import type { FileSystem } from './file-system.node.js'
import type { Loaded } from './persistence.js'

const NAME = /^(snapshot|log)-(\d{1,14})\.gkv$/
const TEMPORARY = /^(snapshot|identity).*\.tmp$/

/** The generations that have files. */
export interface Generations {
  /** The newest first. */
  snapshots: number[]
  /** The oldest first. */
  logs: number[]
}

/** What was read, and the greatest generation there is. */
export interface ReadFolder {
  loaded: Omit<Loaded, 'identity'>
  generation: number
  /** Whether that generation has a log already, which an earlier process wrote. */
  hasLog: boolean
}

export function snapshotName(generation: number): string {
  return `snapshot-${String(generation).padStart(9, '0')}.gkv`
}

export function logName(generation: number): string {
  return `log-${String(generation).padStart(9, '0')}.gkv`
}

/** The generations in a folder. */
export async function generationsIn(files: FileSystem, folder: string): Promise<Generations> {
  const found = (await files.list(folder)).flatMap((name) => {
    const [, kind, digits] = NAME.exec(name) ?? []
    return kind === undefined ? [] : [{ kind, generation: Number(digits) }]
  })
  const of = (wanted: string) =>
    found.flatMap(({ kind, generation }) => (kind === wanted ? [generation] : [])).sort((a, b) => a - b)
  return { snapshots: of('snapshot').reverse(), logs: of('log') }
}

export interface ReadOptions {
  /** Whether what is left over or damaged stays where it is. Default false. */
  isReadOnly?: boolean
}

/** Reads the newest whole snapshot and every log since. @throws StorageError ERR_DATA_CORRUPT, or a system error */
export async function readFolder(
  files: FileSystem,
  folder: string,
  { isReadOnly = false }: ReadOptions = {},
): Promise<ReadFolder> {
  for (const name of await files.list(folder))
    if (TEMPORARY.test(name) && !isReadOnly) await files.remove(join(folder, name))
  const generations = await generationsIn(files, folder)
  const { base, snapshot, damages } = await readSnapshot(files, folder, generations)
  const log = await readLogs(files, folder, { base, damages, generations })
  // Out of the way, but kept: else the next snapshot would count a damaged one as the one to fall back to.
  for (const { name } of damages)
    if (name.startsWith('snapshot') && !isReadOnly)
      await files.rename(join(folder, name), join(folder, `${name}.damaged`))
  const warning = damages.length > 0 ? survived(folder, damages) : log.torn
  return {
    loaded: { ...(snapshot && { snapshot }), records: log.records, ...(warning && { warning }) },
    generation: Math.max(0, ...generations.snapshots, ...generations.logs),
    hasLog: generations.logs.at(-1) === Math.max(0, ...generations.snapshots, ...generations.logs),
  }
}

async function readSnapshot(files: FileSystem, folder: string, { snapshots, logs }: Generations) {
  const damages: Damage[] = []
  for (const generation of snapshots) {
    const name = snapshotName(generation)
    const unframed = unframe(await files.read(join(folder, name)))
    if (unframed.type === 'unknown-version') throw tooNew(join(folder, name), unframed.version)
    if (unframed.type === 'whole') return { base: generation, snapshot: unframed.content, damages }
    damages.push({ name, reason: unframed.reason })
  }
  // The log of generation 0 begins with nothing: as long as it is kept, it needs no snapshot.
  if (damages.length > 0 && logs[0] !== 0) throw corrupt(folder, damages)
  return { base: 0, snapshot: undefined, damages }
}

/** Adds what is damaged to `damages`. */
async function readLogs(
  files: FileSystem,
  folder: string,
  from: { base: number; damages: Damage[]; generations: Generations },
) {
  const records: Uint8Array[] = []
  let tornLog: Error | undefined
  for (const generation of from.generations.logs) {
    if (generation < from.base) continue
    const name = logName(generation)
    const log = readLog(await files.read(join(folder, name)), generation)
    if (log.type === 'unknown-version') throw tooNew(join(folder, name), log.version)
    for (const record of log.records) records.push(record)
    if (log.damagedBytes > 0)
      from.damages.push({ name, reason: `${log.damagedBytes} bytes between its records are none` })
    if (log.tornBytes > 0) tornLog = torn(folder, name, log.tornBytes)
  }
  return { records, torn: tornLog }
}
