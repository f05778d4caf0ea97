import { z } from 'zod'
import { isTimeZone } from '../../platform/time-zone.ts'

/** No message or response is of an earlier time, or a later one. */
export const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(9999, 0, 1)

/** Where a period may begin or end. */
export const moment = z.date().refine((date) => date.getTime() >= EARLIEST && date.getTime() <= LATEST, {
  params: { rule: 'out_of_range' },
  message: 'must be between 1970 and 9998',
})

/** By whose days it is counted. */
export const zoneName = z.string().refine(isTimeZone, {
  params: { rule: 'time_zone' },
  message: 'must be an IANA time zone such as Europe/Helsinki',
})
