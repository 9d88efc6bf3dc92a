/** What a bench is: a name to call it by, the rows of the targets that it measures, and a run that yields them. */

/** One measured figure beside its target. */
export interface BenchRow {
  /** The row of the table of targets. */
  row: number
  /** The bench's name. */
  name: string
  /** What was measured, where a bench yields several figures: `p99, quiet member`. */
  what?: string
  /** Who is measured when it is not this library: `flood`, `memberlist`. */
  contestant?: string
  /** The figure. */
  value: number
  /** The unit of `value`: `ms`, `B`, `runs`. */
  unit: string
  /** The target in words, as the table has it: `<= 130 ms`. */
  target: string
  /** Whether `value` meets `target`. */
  pass: boolean
  /** What else a reader needs to judge the figure: sizes, seeds, what it was compared with. */
  note?: string
}

/** Something that `npm run bench -- <name>` measures. */
export interface Bench {
  name: string
  /** The rows of the table of targets that it prints. */
  rows: number[]
  /** One sentence for the list. */
  about: string
  /** Yields a row as soon as it is measured. `quick` stays under 60 s; the full size is the default. */
  run(options: BenchOptions): AsyncIterable<BenchRow>
}

export interface BenchOptions {
  quick: boolean
  /** Members, for benches of whole clusters, instead of their own sizes. */
  size?: number
}
