import type { Encode } from './encode.ts'
import type { Slot } from './outline.ts'

/** The workspace is the first parameter of every statement. */
export const WORKSPACE = '$1::uuid'

/** The parameters of one statement while it is compiled: which leaf each one is, and how it is encoded. */
export class Parameters {
  readonly #slots: number[] = []
  readonly #encoders: Encode[] = []

  /** Returns the placeholder. */
  add(slot: Slot, type: string, encode: Encode): string {
    this.#slots.push(slot.index)
    this.#encoders.push(encode)
    return `$${this.#slots.length + 1}::${type}`
  }

  /** Makes the values of a call. Throws `Unsupported` when one does not fit its column. */
  binder(): (workspaceId: string, leaves: unknown[]) => unknown[] {
    const slots = this.#slots
    const encoders = this.#encoders
    return (workspaceId, leaves) => {
      const values: unknown[] = [workspaceId]
      for (let i = 0; i < slots.length; i++) values.push(encoders[i]!(leaves[slots[i]!]))
      return values
    }
  }
}
