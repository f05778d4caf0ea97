export { LATE_NEWS_MS } from './apply-news.ts'
export { type CallDeps, RING_TIMEOUT_MS } from './deps.ts'
export { LEASE_MS } from './seats.ts'
export { createSwitchboard, type Switchboard } from './switchboard.ts'
