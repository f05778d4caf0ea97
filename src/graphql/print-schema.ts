import { readFileSync } from 'node:fs'
import { buildSchema, printedSchema } from './schema.ts'

/** `npm run schema` writes what this prints; with `--check` it compares, which `npm test` does. */
const printed = printedSchema(buildSchema())
if (!process.argv.includes('--check')) {
  process.stdout.write(printed)
} else if (readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8') !== printed) {
  process.stderr.write('schema.graphql is not what the code says: run `npm run schema` and commit it.\n')
  process.exit(1)
}
