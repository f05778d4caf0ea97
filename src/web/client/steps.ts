import { type Conditional, visibleFieldKeys } from '../../domains/links/condition.ts'
import type { Field } from './field.ts'

/** The questions in the order of the link, and the further ones that answers brought up. */
export class Steps {
  readonly #fields: Field[]
  /** Further questions, each with the field key after which it is asked. */
  readonly #further: { field: Field; after: string; follows: string }[] = []

  constructor(fields: readonly Field[]) {
    this.#fields = [...fields]
  }

  /** All, hidden ones included. */
  get all(): Field[] {
    return [...this.#fields, ...this.#further.map(({ field }) => field)]
  }

  field(key: string): Field | undefined {
    return this.all.find((field) => field.question.key === key)
  }

  /** What is asked, in order, given the answers so far: judged as the server judges (its word counts at the end). */
  get shown(): Field[] {
    const answers = new Map(this.#fields.map((field) => [field.question.key, field.value]))
    const questions = this.#fields.map(
      ({ question }): Conditional => ({ fieldKey: question.key, condition: question.condition ?? {} }),
    )
    const visible = visibleFieldKeys(questions, answers)
    const shown: Field[] = []
    const add = (field: Field) => {
      shown.push(field)
      for (const further of this.#further) if (further.after === field.question.key) add(further.field)
    }
    for (const field of this.#fields) if (visible.has(field.question.key)) add(field)
    return shown
  }

  addFurther(field: Field, follows: string, after: string): void {
    this.#further.push({ field, follows, after })
  }

  /** Takes out the further questions about an answer that are not among `asked`. Returns what went. */
  dropUnasked(follows: string, asked: ReadonlySet<string>): Field[] {
    const gone: Field[] = []
    for (const further of [...this.#further]) {
      const { key } = further.field.question
      if (further.follows !== follows || asked.has(key)) continue
      this.#further.splice(this.#further.indexOf(further), 1)
      // Whoever stood behind it stands where it stood.
      for (const other of this.#further) if (other.after === key) other.after = further.after
      gone.push(further.field)
    }
    return gone
  }
}
