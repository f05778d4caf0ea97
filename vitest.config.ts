import { configDefaults, defineConfig } from 'vitest/config'

/**
 * What takes long and is far from most changes: adapters, whole server processes that are started, told to stop and
 * killed, the queue, the reader against Prisma, passwords, sound, recordings replayed, the engine through every failure, the
 * graph walked from end to end. With TEST_ALL=1, which CI sets, they run as well.
 */
const SLOW = [
  'src/db/folder-lock.test.ts',
  'src/db/reader/**',
  'src/domains/auth/*users.test.ts',
  'src/domains/calls/{failures,foretold,judge,takeover}.test.ts',
  'src/domains/campaigns/simulation.test.ts',
  'src/domains/messages/{failures,scale}.test.ts',
  'src/platform/worker-pool.test.ts',
  'src/providers/**',
  'src/queue/**',
  'test/contacts-io.test.ts',
  'test/contract/multisender/{bulk,campaign-bulk,campaign-webhooks}.test.ts',
  'test/graph/{errors,row-level-security,users}.test.ts',
  'test/live/**',
  'test/migrations.test.ts',
  'test/parity/{main,multisender-recording,sayify-recording}.test.ts',
  'test/start/**',
  'test/voice-files.test.ts',
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
      ...(process.env.TEST_ALL ? [] : SLOW),
    ],
    globalSetup: ['test/kit/template-database.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: the tests and the database they talk to.
    maxWorkers: 2,
    restoreMocks: true,
  },
})
