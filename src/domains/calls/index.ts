export type { CallDeps } from './deps.ts'
export { LEASE_MS } from './seats.ts'
export { createSwitchboard, type Switchboard } from './switchboard.ts'
