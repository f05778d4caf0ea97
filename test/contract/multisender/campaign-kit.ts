import { sql } from '../../../src/db/sql.ts'
import { takeLegacyIds } from '../../../src/domains/legacy-id.ts'
import type { TestAppOptions } from '../../kit/app.ts'
import { type TestEngine, testEngine } from '../../kit/engine.ts'
import { type MultisenderServer, multisenderServer, type Tenant } from './kit.ts'

/** Numbers whose end says what happens (NUMBER_SCRIPTS of the simulated carrier). */
export const PRESSES_1 = '+358401230201'
export const PRESSES_2 = '+358401230202'
export const SAYS_NOTHING = '+358401230200'
export const BUSY = '+358401230486'

/** At any time, so that a test need not wait for Monday. */
export const ALWAYS = { activeFrom: '00:00:00', activeTo: '00:00:00', activeWeekdays: weekdays('1111111') }

/** Of the seven days, Monday first, which are active. */
export function weekdays(active: string) {
  const names = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
  return names.map((weekday, index) => ({ weekday, active: active[index]! }))
}

export const BUTTONS = [
  { button: '1', action: 'accept' },
  { button: '2', action: 'decline' },
]

export interface CampaignServer extends MultisenderServer {
  /** Calls people, as far as time goes. */
  engine: TestEngine
  /** Of acme unless said otherwise; `ready` unless said otherwise. Gives the number. */
  voiceFile(changes?: { tenant?: Tenant; status?: string }): Promise<number>
  account(fields: object): Promise<string>
  group(name: string, accountIds: string[]): Promise<string>
}

/** The whole server, which leaves calling to the test's engine, on the same clock. */
export async function campaignServer(
  env: Record<string, string> = {},
  onQuery?: TestAppOptions['onQuery'],
): Promise<CampaignServer> {
  const server = await multisenderServer(env, { role: 'api', ...(onQuery ? { onQuery } : {}) })
  const { app, world, clock, acme, ok } = server
  const engine = await testEngine({ world, clock, db: app.db } as never)
  return {
    ...server,
    engine,
    async voiceFile({ tenant = acme, status = 'ready' } = {}) {
      const isReady = status === 'ready'
      const number = await app.db.transaction((tx) => takeLegacyIds(tx, tenant.workspaceId, 'voiceFile'))
      const at = clock.now()
      await app.db.query(
        sql`INSERT INTO voice_file (id, workspace_id, legacy_id, name, kind, status, duration_seconds, media_type, sha256,
                                    size, mp3_size, wav_size, created_at, updated_at)
            VALUES (${world.newId()}::uuid, ${tenant.workspaceId}::uuid, ${number}::int, 'a voice file', 'upload',
                    ${status}::voice_file_status, ${isReady ? 3 : null}::float8, ${isReady ? 'audio/mpeg' : null},
                    ${isReady ? 'aa' : null}, 1, ${isReady ? 1 : null}::int, ${isReady ? 1 : null}::int,
                    ${at}::timestamptz, ${at}::timestamptz)`,
      )
      return number
    },
    async account(fields) {
      return (await ok(201, 'POST', '/v1/accounts', { body: fields })).accountId
    },
    async group(name, accountIds) {
      const { groupId } = await ok(201, 'POST', '/v1/groups', { body: { name, description: '' } })
      await ok(201, 'POST', `/v1/groups/${groupId}/accounts`, { body: accountIds })
      return groupId
    },
  }
}
