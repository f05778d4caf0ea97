import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/kit/template-database.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Two cores: the tests and the database they talk to.
    maxWorkers: 2,
    restoreMocks: true,
  },
})
