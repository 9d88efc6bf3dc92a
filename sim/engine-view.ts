/** What the checkers read of an engine, in one place. */
import type { Engine } from '../src/mesh/protocol/engine.js'

/** Whether `engine` counts `id` among the members. */
export function knows(engine: Engine, id: string): boolean {
  return engine.table.get(id) !== undefined
}

/** The members that `engine` knows, itself included. */
export function* known(engine: Engine): IterableIterator<string> {
  for (const { id } of engine.table.entries()) yield id
}

/** How many members `engine` knows, itself included. */
export function knownCount(engine: Engine): number {
  return engine.table.size
}

/** How many members `engine` suspects. */
export function suspected(engine: Engine): number {
  let count = 0
  for (const { suspicion } of engine.table.entries()) if (suspicion) count += 1
  return count
}

/** How many members `engine` doubts itself, not only on the word of others. */
export function doubts(engine: Engine): number {
  return engine.table.suspicions(engine.table.size).length
}

/** Its neighbors: links that have been introduced. */
export function neighbors(engine: Engine): string[] {
  return Array.from(engine.view.established(), ({ id }) => id)
}
