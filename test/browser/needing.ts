import { test } from 'vitest'

/**
 * `test` for what needs something that a machine may lack. `obstacle`: what is missing, undefined when nothing is. Then
 * the tests skip, with a word why; with TEST_REQUIRED, which CI sets where it can install things, the file fails.
 */
export function needing(obstacle: string | undefined): typeof test {
  if (obstacle === undefined) return test
  if (process.env.TEST_REQUIRED) throw new Error(`TEST_REQUIRED is set, so this may not be skipped: ${obstacle}`)
  console.warn(`skipped: ${obstacle}`)
  return test.skip as typeof test
}
