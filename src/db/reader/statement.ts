import { Parameters } from './parameters.ts'

/** What the parts of one statement share while it is compiled. */
export class Statement {
  readonly parameters = new Parameters()
  #aliases = 0

  /** A name for one more occurrence of a table. */
  alias(): string {
    return `t${this.#aliases++}`
  }
}
