import type { Stage } from '../telephony.ts'
import type { AriChannel } from './ari-types.ts'

/** A channel in one of our applications. */
export interface LiveCall {
  callId: string
  seat: string
  to: string
  maxDurationMs: number
  stage: Stage
  since: Date
}

/** Undefined for channels that are not ours. `prefix`: of our applications' names. */
export function liveCallOf(channel: AriChannel, prefix: string): LiveCall | undefined {
  const { id, caller, dialplan, state, creationtime } = channel
  // For a moment it is not in its application yet.
  const text = dialplan.app_name === 'Stasis' ? dialplan.app_data : caller.name
  const [app = '', to = '', maxDurationMs = '0'] = text.split(',')
  if (!app.startsWith(prefix)) return undefined
  const stage = state === 'Up' ? 'answered' : state.startsWith('Ring') ? 'ringing' : 'dialling'
  return {
    callId: id,
    seat: app.slice(prefix.length),
    to,
    maxDurationMs: Number(maxDurationMs),
    stage,
    since: new Date(creationtime),
  }
}

/** What `liveCallOf` finds, as arguments of the application. */
export function argumentsOf({ to, maxDurationMs }: Pick<LiveCall, 'to' | 'maxDurationMs'>): string {
  return `${to},${maxDurationMs}`
}
