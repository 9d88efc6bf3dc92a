/** One thing spoiled in the rendered manifests, and the finding that must name it. */
import type { Json } from './json.js'

/** The JSON pointer of a workload's pod, and of its first container. */
export const pod = '/spec/template/spec'
export const container = `${pod}/containers/0`

export interface Mutation {
  readonly title: string
  /** Kind and name of the resource that is spoiled. */
  readonly resource: string
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: Json
  /** What exactly one of the findings must say. */
  readonly finding: RegExp
}
