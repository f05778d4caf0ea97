#!/usr/bin/env node
import { compose } from './compose.ts'
import { ConfigurationError, readConfig } from './config/index.ts'
import { StartFailure } from './start-failure.ts'
import { prepareAssets } from './web/index.ts'
import { welcome } from './welcome.ts'

const EXIT_FAILED = 1
const EXIT_MISCONFIGURED = 2

/** Reads the environment, starts the server, stops it when told to. */
async function main(): Promise<void> {
  const config = readConfig(process.env)
  if (config.role !== 'worker') prepareAssets()
  const app = await compose(config)
  process.stdout.write(welcome(app))

  let stopping = false
  async function stop(): Promise<void> {
    if (stopping) return
    stopping = true
    // What does not end by itself in time is ended: its requests are answered by a reset, as if the network failed.
    setTimeout(() => process.exit(0), config.http.shutdownMs).unref()
    await app.stop()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  // What the person who started it can mend is told in words; anything else is a defect, and its place is needed.
  const inWords = error instanceof ConfigurationError || error instanceof StartFailure
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${inWords ? error.message : stack}\n`)
  process.exit(error instanceof ConfigurationError ? EXIT_MISCONFIGURED : EXIT_FAILED)
})
