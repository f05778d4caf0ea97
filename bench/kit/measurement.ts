import type { Spread } from './statistics.ts'

/** One line of the report. */
export interface Comparison {
  what: string
  /** Of our figure to the other one, such that more is better. */
  ratio: Spread
  ours: string
  theirs: string
  /** The least ratio that was promised. */
  target?: number
}

/** One section of the report. */
export interface Section {
  title: string
  /** What exactly was measured, against what. */
  text: string[]
  comparisons: Comparison[]
  /** Absolute figures that have no counterpart, as `what | figure`. */
  figures: [what: string, figure: string][]
}

export interface Setting {
  quick: boolean
  /** Whether sentences are scored that nobody may look at while the heuristic is made. */
  held: boolean
  /** Whether there is a PostgreSQL server. */
  postgres: boolean
}
