import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { embeddedDatabase } from '../../src/db/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openPostgres } from '../../src/db/postgres.ts'
import { createLogger } from '../../src/platform/logger.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated data folder of the embedded database, as a tar file. */
    embeddedTemplate: string
    /** A migrated database on the server of TEST_DATABASE_URL; empty without one. */
    postgresTemplate: string
  }
}

/** Migrates one database; every test file then works on a copy of it, which takes a fraction of a second. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env.TEST_DATABASE_URL
  return server ? postgresTemplate(project, server) : embeddedTemplate(project)
}

async function embeddedTemplate(project: TestProject) {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-template-'))
  const pglite = await PGlite.create()
  const db = embeddedDatabase(pglite)
  await migrate(db)
  const file = join(folder, 'data.tar')
  await writeFile(file, Buffer.from(await (await pglite.dumpDataDir('none')).arrayBuffer()))
  await db.close()
  project.provide('embeddedTemplate', file)
  project.provide('postgresTemplate', '')
  return () => rm(folder, { recursive: true })
}

async function postgresTemplate(project: TestProject, server: string) {
  const name = `saygraph_template_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const db = await openPostgres({ url: url.href, logger: createLogger('silent') })
  await migrate(db)
  await db.close()
  project.provide('embeddedTemplate', '')
  project.provide('postgresTemplate', name)
  return async () => {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.end()
  }
}
