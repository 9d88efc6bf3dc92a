/** Types of limits-doc.mjs, for the test that imports it. */

interface Limit {
  name: string
  about: string
  beyond: string
  tests: string[]
}

export function limits(): Promise<Limit[]>
export function limitsDocument(): Promise<string>
