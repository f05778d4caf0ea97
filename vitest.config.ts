import { configDefaults, defineConfig } from 'vitest/config'

/**
 * What takes long and is far from most changes: adapters, whole server processes that are started, told to stop and
 * killed, the queue, the reader against Prisma, passwords, sound, recordings replayed, the engine through every failure, the
 * graph and the legacy APIs walked from end to end. With TEST_ALL=1, which CI sets, they run as well.
 */
const SLOW = [
  'src/db/folder-lock.test.ts',
  'src/db/reader/**',
  'src/domains/analysis/analysis.test.ts',
  'src/domains/auth/*users.test.ts',
  'src/domains/analysis/{insight-budget,prepare-sound,probe-answer}.test.ts',
  'src/domains/calendars/open-hours.test.ts',
  'src/domains/calls/{calls,failures,foretold,judge,operations,survey-calls,survey-failures,survey-follow-ups,takeover}.test.ts',
  'src/domains/campaigns/simulation.test.ts',
  'src/domains/contacts/segments.test.ts',
  'src/domains/messages/{failures,follow-up,messages,scale}.test.ts',
  'src/domains/messaging/{content-policy,erase-customer,message-writer,reduce-messages,settle-metrics,take-own-traffic}.test.ts',
  'src/domains/reporting/{link-summary,search-answers}.test.ts',
  'src/domains/people/people.test.ts',
  'src/domains/responses/{continue-upload,recordings,uploads}.test.ts',
  'src/domains/voice-files/voice-files.test.ts',
  'src/domains/webhooks/delivery.test.ts',
  'src/platform/worker-pool.test.ts',
  'src/providers/**',
  'src/queue/**',
  // Measures the memory of its process.
  'src/web/routes-json.test.ts',
  'src/web/{follow-ups,page,routes-live,routes-recording,routes-speech,routes-uploads}.test.ts',
  'test/contacts-io.test.ts',
  'test/contract/multisender/!(accounts|calls).test.ts',
  'test/contract/saygent/{calls,hostile,openapi,respondents,survey,transport}.test.ts',
  'test/contract/sayify/{openapi,samples,transport}.test.ts',
  'test/contract/saysimple/{authenticate,metrics,openapi,pages,transport,walk-through}.test.ts',
  'test/graph/{bulk-contacts,campaigns-live,connections,errors,execution,follow-ups,insights,isolation}.test.ts',
  'test/graph/{messages-live,metrics,outreach-policy,own-traffic,recordings,routes-isolation}.test.ts',
  'test/graph/{row-level-security,statements,users,webhooks}.test.ts',
  'test/live/**',
  'test/messages-io.test.ts',
  'test/metrics/retention.property.test.ts',
  'test/migrations.test.ts',
  'test/parity/{main,multisender-recording,saygent-recording,sayify-recording,saysimple-recording}.test.ts',
  'test/responses-io.test.ts',
  'test/start/**',
  'test/voice-files.test.ts',
  'test/voice/rig/audio.test.ts',
]

/** Where .ci/run wants the numbers. */
const report = process.env.TEST_REPORT

export default defineConfig({
  // As Node resolves it: GraphQL.js must not be loaded twice, once from here and once from a library.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Need Chromium, and Asterisk: npm run test:browser, npm run test:voice.
    exclude: [
      ...configDefaults.exclude,
      ...(process.env.TEST_BROWSER ? [] : ['test/browser/**']),
      ...(process.env.TEST_VOICE ? [] : ['test/voice/**/!(audio).test.ts']),
      ...(process.env.TEST_ALL ? [] : SLOW),
    ],
    globalSetup: ['test/kit/template-database.ts'],
    // For what hangs, not for what is slow: waits within tests give up sooner, and say for what.
    testTimeout: 60_000,
    // Dropping a database waits for a checkpoint, which on a busy machine takes long.
    hookTimeout: 90_000,
    // Threads start sooner; what starts processes and changes its surroundings wants a process of its own.
    pool: process.env.TEST_ALL || process.env.TEST_BROWSER || process.env.TEST_VOICE ? 'forks' : 'threads',
    // Two cores: the tests and the database they talk to, or the tests and the telephones.
    maxWorkers: process.env.TEST_VOICE ? 1 : 2,
    restoreMocks: true,
  },
})
