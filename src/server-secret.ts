import type { Config } from './config/index.ts'
import type { Database } from './db/database.ts'
import { keepFingerprint, replaceFingerprint } from './db/secret-fingerprint.ts'
import type { Logger } from './platform/logger.ts'
import { fingerprintOf, readOrMakeSecret } from './platform/secret.ts'
import { StartFailure, startStep } from './start-failure.ts'

const LOSS =
  'every opt-out would be forgotten, and people who asked for it would be called and texted again; encrypted messages and ' +
  'secrets of webhooks could not be read; personal links, unsubscribe links, media addresses and tokens would end'

/**
 * The server's secret. Throws StartFailure when the database was used with another one: nothing would fail that anybody
 * looks at, and opt-outs would no longer be found. The operator may accept the loss, for this one secret.
 */
export async function serverSecret(
  { secret, acceptedSecret, database }: Pick<Config, 'secret' | 'acceptedSecret' | 'database'>,
  db: Database,
  logger: Logger,
): Promise<string> {
  const value = await ('given' in secret
    ? secret.given
    : startStep(`keep the server's secret in ${secret.file}`, readOrMakeSecret(secret.file)))
  const mine = fingerprintOf(value)
  if ((await keepFingerprint(db, mine)) !== mine) {
    if (acceptedSecret !== mine) {
      const source = 'given' in secret ? 'APP_SECRET' : `The secret in ${secret.file}`
      throw new StartFailure(
        `${source} is not the secret that this database has been used with. With it ${LOSS}. Put the old one back, as ` +
          `APP_SECRET; if it is lost for good, accept that with ACCEPT_APP_SECRET=${mine}.`,
      )
    }
    await replaceFingerprint(db, mine)
    logger.warn(
      { fingerprint: mine },
      'the database is used with another APP_SECRET from now on, as ACCEPT_APP_SECRET says',
    )
  }
  if (database.kind === 'postgres' && 'file' in secret) {
    const { file } = secret
    logger.warn({ file }, 'APP_SECRET is not set: what lies in the database is of no use without this file, so keep it')
  }
  return value
}
