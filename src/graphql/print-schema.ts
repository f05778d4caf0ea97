import { buildSchema, printedSchema } from './schema.ts'

process.stdout.write(printedSchema(buildSchema()))
