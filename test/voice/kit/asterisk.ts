import { freePort } from '../../kit/server.ts'
import { type Rig, startRig } from '../rig/rig.ts'

/** A rig for whole servers. */
export { startRig as startCarrier }

/** How long a telephone rings, in whole seconds, as the server wants it. */
export const RING_SECONDS = 5
export const CALLER_ID = '+358401112222'

/** The settings of a server that calls by the rig. Asterisk and the server are on one machine. */
export async function settings(rig: Rig, more: Record<string, string>): Promise<Record<string, string>> {
  const port = String(await freePort())
  return {
    PORT: port,
    // Asterisk fetches what it plays there.
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    TELEPHONY: 'asterisk',
    ASTERISK_URL: rig.ari.url,
    ASTERISK_USER: rig.ari.user,
    ASTERISK_PASSWORD: rig.ari.password,
    ASTERISK_ENDPOINT: rig.endpoint,
    ASTERISK_CALL_RECORDS: rig.celFile,
    ASTERISK_CALLER_ID: CALLER_ID,
    ASTERISK_LINES: '60',
    SPEECH: 'espeak',
    QUIET_HOURS: 'off',
    RING_TIMEOUT: String(RING_SECONDS),
    // Multisender has no word for it; at once.
    REDIAL_AFTER: '0',
    SAMPLE_LINK: 'off',
    RATE_LIMIT: '10000000',
    WEBHOOK_ALLOW: '127.0.0.1',
    APP_SECRET: 'only for tests, and long enough for that',
    ...more,
  }
}
