import { configDefaults, defineConfig } from 'vitest/config'

/**
 * What takes long and is far from most changes: adapters, whole server processes that are started, told to stop and
 * killed, the queue, the reader against Prisma, passwords, sound, recordings replayed, the engine through every failure, the
 * graph and the legacy APIs walked from end to end. With TEST_ALL=1, which CI sets, they run as well.
 */
const SLOW = [
  'src/db/folder-lock.test.ts',
  'src/db/reader/**',
  'src/domains/auth/*users.test.ts',
  'src/domains/calls/{failures,foretold,judge,takeover}.test.ts',
  'src/domains/campaigns/simulation.test.ts',
  'src/domains/contacts/segments.test.ts',
  'src/domains/messages/{failures,scale}.test.ts',
  'src/domains/webhooks/delivery.test.ts',
  'src/platform/worker-pool.test.ts',
  'src/providers/**',
  'src/queue/**',
  // Measures the memory of its process.
  'src/web/routes-json.test.ts',
  'test/contacts-io.test.ts',
  'test/contract/multisender/{bulk,campaign-bulk,campaign-webhooks,login,openapi,transport,voice-files}.test.ts',
  'test/contract/sayify/{openapi,samples,transport}.test.ts',
  'test/graph/{connections,errors,execution,isolation,routes-isolation,row-level-security,statements,users}.test.ts',
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
    // Threads start sooner; what starts processes and changes its surroundings wants a process of its own.
    pool: process.env.TEST_ALL || process.env.TEST_BROWSER ? 'forks' : 'threads',
    // Two cores: the tests and the database they talk to.
    maxWorkers: 2,
    restoreMocks: true,
  },
})
