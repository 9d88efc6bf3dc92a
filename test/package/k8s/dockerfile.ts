/** A Dockerfile as a list of instructions by stage. */
import { readFileSync } from 'node:fs'

export interface Instruction {
  /** In capitals: FROM, RUN, COPY and so on. */
  readonly name: string
  readonly value: string
}

/**
 * The stages of the Dockerfile at `path`, each beginning with its FROM.
 * @throws when an instruction stands before the first FROM.
 */
export function stagesOf(path: string): Instruction[][] {
  const stages: Instruction[][] = []
  for (const instruction of instructionsOf(readFileSync(path, 'utf8'))) {
    if (instruction.name === 'FROM') stages.push([])
    const stage = stages.at(-1)
    if (!stage) throw new Error(`${path}: ${instruction.name} stands before FROM`)
    stage.push(instruction)
  }
  return stages
}

/** The values of every instruction of that name in a stage. */
export function valuesOf(stage: readonly Instruction[], name: string): string[] {
  return stage.filter((instruction) => instruction.name === name).map(({ value }) => value)
}

function instructionsOf(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  const joined = lines.join('\n').replaceAll('\\\n', ' ')
  return joined.split('\n').flatMap((line) => {
    const [, name, value] = /^([A-Za-z]+)\s+(.*)$/.exec(line) ?? []
    return name === undefined || value === undefined
      ? []
      : [{ name: name.toUpperCase(), value: value.trim() }]
  })
}
