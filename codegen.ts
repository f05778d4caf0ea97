import type { CodegenConfig } from '@graphql-codegen/cli'

/** Typed operations for tests and the demo, from the committed schema. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['test/demo/*.ts'],
  generates: {
    'test/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        documentMode: 'documentNode',
        scalars: {
          DateTime: 'string',
          EmailAddress: 'string',
          JSON: 'unknown',
          JSONObject: 'Record<string, unknown>',
          PhoneNumber: 'string',
          PositiveInt: 'number',
          URL: 'string',
          UUID: 'string',
        },
      },
    },
  },
  importExtension: '.ts',
}

export default config
