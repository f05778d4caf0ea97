import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { afterAll } from 'vitest'
import { testDatabase } from '../../test/kit/database.ts'
import { worldOn } from '../../test/kit/world.ts'
import { sql } from '../db/sql.ts'
import { createWorkspace, SCOPES, type Viewer } from '../domains/auth/index.ts'
import { type CreateLinkInput, createLink } from '../domains/links/index.ts'
import { tokenSigner } from '../domains/responses/index.ts'
import type { World } from '../domains/world.ts'
import { FakeClock } from '../platform/clock.ts'
import type { Logger } from '../platform/logger.ts'
import { createRateLimiter } from '../platform/rate-limiter.ts'
import { fakeAudio } from '../providers/audio/index.ts'
import { fakeSpeech } from '../providers/speech/index.ts'
import { createStorage, type Storage } from '../providers/storage/index.ts'
import { fakeTranscription } from '../providers/transcription/index.ts'
import { type WebDeps, webPlugin } from './index.ts'

export const SECRET = Buffer.alloc(32, 7)
export const MAX_UPLOAD_BYTES = 2_000_000

/** A server on a port of its own, with one workspace `acme`, files on disk and a clock that stands still. */
export async function startTestServer(options: Partial<WebDeps> = {}) {
  const db = await testDatabase()
  const clock = new FakeClock('2026-06-01T12:00:00Z')
  const world = worldOn(db, clock)
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-web-'))
  const storage: Storage = createStorage({ adapter: 'files', folder })
  const signer = tokenSigner(SECRET)
  const logged: { fields: object; message: string }[] = []
  const logger = recordingLogger(logged)
  const app = Fastify({ routerOptions: { maxParamLength: 1000 } })
  await app.register(
    webPlugin({
      world,
      signer,
      storage,
      audio: fakeAudio(),
      speech: fakeSpeech(),
      transcription: fakeTranscription(),
      limiter: createRateLimiter(),
      logger,
      maxUploadBytes: MAX_UPLOAD_BYTES,
      publicUrl: new URL('http://feedback.example'),
      rates: {
        sessions: { points: 10_000, seconds: 60 },
        submits: { points: 10_000, seconds: 60 },
        uploads: { points: 10_000, seconds: 60 },
        pieces: { points: 10_000, seconds: 60 },
        speech: { points: 10_000, seconds: 60 },
        drafts: { points: 10_000, seconds: 60 },
      },
      ...options,
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  afterAll(async () => {
    await app.close()
    await rm(folder, { recursive: true })
  })
  const viewer = await addWorkspace(world, 'acme')

  return {
    app,
    world,
    clock,
    signer,
    storage,
    logged,
    viewer,
    port,
    url: `http://127.0.0.1:${port}`,
    addWorkspace: (slug: string) => addWorkspace(world, slug),
    addLink: (input: CreateLinkInput, as: Viewer = viewer) => createLink(world, as, input),
    /** Every stored file, half-written ones included. */
    async files(): Promise<string[]> {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    },
    async answers(responseId: string): Promise<{ field_key: string; value: unknown; upload_id: string | null }[]> {
      return db.query(
        sql`SELECT field_key, value, upload_id FROM answer WHERE response_id = ${responseId}::uuid ORDER BY field_key`,
      )
    },
    async responses(linkId: string): Promise<{ id: string; status: string }[]> {
      return db.query(sql`SELECT id, status::text FROM response WHERE link_id = ${linkId}::uuid ORDER BY id`)
    },
  }
}

export type TestServer = Awaited<ReturnType<typeof startTestServer>>

async function addWorkspace(world: World, slug: string): Promise<Viewer> {
  const { workspaceId } = await createWorkspace(world, { slug, name: slug })
  return {
    workspaceId,
    workspaceSlug: slug,
    apiKeyId: world.newId(),
    credential: 'apiKey',
    scopes: new Set(SCOPES),
    expiresAt: null,
  }
}

function recordingLogger(logged: { fields: object; message: string }[]): Logger {
  const log = (fields: object, message: string) => void logged.push({ fields, message })
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return logger
}
