import { configDefaults, defineConfig } from 'vitest/config'

/**
 * Adapters of files, mail, texts, sound and carriers: slow by nature, and far from most changes. With TEST_ALL=1, which
 * CI sets, they run as well.
 */
const ADAPTERS = [
  'src/providers/audio/**',
  'src/providers/email/smtp.test.ts',
  'src/providers/sms/smpp*.test.ts',
  'src/providers/storage/s3.test.ts',
  'src/providers/telephony/simulated/**',
]

/** Where .ci/run wants the numbers. */
const report = process.env.TEST_REPORT

export default defineConfig({
  // As Node resolves it: GraphQL.js must not be loaded twice, once from here and once from a library.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Needs Chromium: npm run test:browser.
    exclude: [
      ...configDefaults.exclude,
      ...(process.env.TEST_BROWSER ? [] : ['test/browser/**']),
      ...(process.env.TEST_ALL ? [] : ADAPTERS),
    ],
    globalSetup: ['test/kit/template-database.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: the tests and the database they talk to.
    maxWorkers: 2,
    restoreMocks: true,
  },
})
