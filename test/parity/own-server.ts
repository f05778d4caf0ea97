import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer } from '../kit/server.ts'

export interface OwnServer extends AsyncDisposable {
  url: URL
  /** Has all scopes. */
  key: string
}

/** A server that knows nothing yet, on an embedded database that goes away with it. */
export async function startOwnServer(): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-parity-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  const key = `sk_live_${randomBytes(20).toString('hex')}`
  try {
    const server = await startServer({
      DATA_DIR: folder,
      BOOTSTRAP_API_KEY: key,
      SAMPLE_LINK: 'off',
      // As Sayify does: https://<workspace>.sayify.pro/i/<slug>.
      LINK_ADDRESSES: 'subdomain',
      // Recordings took longer to make than to replay.
      SAYIFY_RATE_LIMIT: '0',
      SAYGENT_RATE_LIMIT: '0',
    })
    return {
      url: new URL(server.url),
      key,
      async [Symbol.asyncDispose]() {
        await server.stop()
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}
