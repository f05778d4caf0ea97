import { defineConfig } from 'prisma/config'

// `prisma generate` looks for a native schema engine and would download one; it does not need it.
// Any existing executable ends that search (docs/decisions/0003-prisma-without-network.md).
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath

export default defineConfig({ schema: 'prisma/schema.prisma' })
