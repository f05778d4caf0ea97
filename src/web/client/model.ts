import type { Condition } from '../../domains/links/condition.ts'

/** What the script must know of a question; the rest stands in the markup. Attribute `data-question`, JSON. */
export interface ClientQuestion {
  key: string
  type: string
  required?: boolean
  condition?: Condition
  /** Whether several options may be ticked. */
  several?: boolean
  /** Whether it may be answered by speaking, by writing, with a file. */
  speaks?: boolean
  writes?: boolean
  attaches?: boolean
  /** The longest recording. */
  seconds?: number
  /** The largest file. */
  megabytes?: number
  /** Whether an unclear answer may bring up a further question. */
  probes?: boolean
  /** Of such a further question: the field key of the answer that it asks about. */
  follows?: string
}

/** What the script must know of the page. Attribute `data-page` of the form, JSON. */
export interface ClientPage {
  /** The link's address, without a slash at its end. */
  base: string
  /** Somebody asked for an empty page: what is kept on the device is of an earlier response. */
  fresh?: boolean
  readsAloud?: boolean
  transcribesLive?: boolean
  /** Where to go after the thanks. */
  redirect?: string
}
