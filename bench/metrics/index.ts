import type { Section, Setting } from '../kit/measurement.ts'
import { ingesting } from './ingest.ts'
import { reading } from './read.ts'

const MESSAGES = 10_000_000
const QUICK_MESSAGES = 200_000

/** How many messages are generated; `BENCH_MESSAGES` says otherwise, in multiples of 200. */
export function messagesOf({ quick }: Setting): number {
  return Number(process.env.BENCH_MESSAGES || (quick ? QUICK_MESSAGES : MESSAGES))
}

export function metricsRead(setting: Setting): Promise<Section> {
  return reading({ ...setting, messages: messagesOf(setting) })
}

export function metricsIngest(setting: Setting): Promise<Section> {
  return ingesting(setting)
}
