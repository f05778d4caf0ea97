import { configDefaults, defineConfig } from 'vitest/config'

/** Where .ci/run wants the numbers. */
const report = process.env.TEST_REPORT

export default defineConfig({
  // As Node resolves it: GraphQL.js must not be loaded twice, once from here and once from a library.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Needs Chromium: npm run test:browser.
    exclude: [...configDefaults.exclude, ...(process.env.TEST_BROWSER ? [] : ['test/browser/**'])],
    globalSetup: ['test/kit/template-database.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: the tests and the database they talk to.
    maxWorkers: 2,
    restoreMocks: true,
  },
})
