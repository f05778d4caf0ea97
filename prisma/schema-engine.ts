import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'

/**
 * SQL that turns the database inside `pglite` into what `schema.prisma` describes; empty when it already is.
 * Uses Prisma's schema engine compiled to WebAssembly, because the native one cannot be installed from npm.
 */
export async function diffToSchema(pglite: PGlite): Promise<string> {
  const datamodel = await readFile(new URL('./schema.prisma', import.meta.url), 'utf8')
  const engine = await openEngine(pglite, datamodel)
  const filters = { externalTables: [], externalEnums: [] }
  const result = await engine.diff({
    from: { tag: 'schemaDatasource', files: [{ path: 'schema.prisma', content: datamodel }], configDir: '.' },
    to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: datamodel }] },
    script: true,
    exitCode: null,
    filters,
  })
  return (result.stdout ?? '').trim()
}

async function openEngine(pglite: PGlite, datamodel: string) {
  loaded ??= loadEngine()
  const factory = new PrismaPGlite(pglite) as any
  factory.connectToShadowDb ??= () => new PrismaPGlite(new PGlite()).connect()
  const adapter = bindMigrationAwareSqlAdapterFactory(factory)
  return (await loaded).new({ datamodels: [['schema.prisma', datamodel]] }, () => {}, adapter)
}

/** Once per process: the generated bindings keep one instance's memory in module variables. */
let loaded: Promise<any> | undefined

async function loadEngine() {
  const bindings: any = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const wasm = await readFile(entry.replace('schema_engine.js', 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports as any).__wbindgen_start()
  return bindings.SchemaEngine
}
