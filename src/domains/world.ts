import type { Database } from '../db/database.ts'
import type { EventLog } from '../events/index.ts'
import type { Clock } from '../platform/clock.ts'
import type { NewId } from '../platform/ids.ts'
import type { Sealer } from '../platform/sealed.ts'

/** What every domain function stands on. Made once, by compose.ts. */
export interface World {
  db: Database
  events: EventLog
  clock: Clock
  newId: NewId
  /** Encrypts the secrets that must be readable again. */
  sealer: Sealer
}
