import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const SECRETS = { key: 'sk_live_secret', nested: { authorization: 'Bearer secret', deeper: { password: 'secret' } } }

test('credentials are removed by name, on three levels; lines are JSON on standard error', () => {
  const program = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)}
    const logger = createLogger('info')
    logger.debug({}, 'too quiet')
    logger.child({ part: 'test' }).info(${JSON.stringify(SECRETS)}, 'hello')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stdout).toBe('')
  const { time, level, ...line } = JSON.parse(stderr)
  expect(Number.isNaN(Date.parse(time))).toBe(false)
  expect(line).toEqual({
    part: 'test',
    msg: 'hello',
    key: '[redacted]',
    nested: { authorization: '[redacted]', deeper: { password: '[redacted]' } },
  })
})
