import { V7Generator } from 'uuidv7'
import type { Clock } from './clock.ts'

/** Makes UUIDv7 strings: ordered by creation within one process, also within one millisecond. */
export type NewId = () => string

/** A clock set back by up to this long does not break the order of ids; further back starts a new order. */
const ROLLBACK_ALLOWANCE_MS = 10_000

export function idGenerator(clock: Clock): NewId {
  const generator = new V7Generator()
  return () => generator.generateOrResetCore(clock.now().getTime(), ROLLBACK_ALLOWANCE_MS).toString()
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether `text` is a UUID in its canonical lower-case form. */
export function isUuid(text: string): boolean {
  return UUID.test(text)
}
