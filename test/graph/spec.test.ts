import { serverAudits } from 'graphql-http'
import { describe, expect, it } from 'vitest'
import { testApp } from '../kit/app.ts'

/** GraphQL over HTTP, as its own audits see it. */
const app = await testApp()

/** Recommendations of level MAY that the server does not follow, and why. */
const NOT_FOLLOWED: Record<string, string> = {}

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: new URL('/graphql', app.localUrl).href, fetchFn: fetch })
  const required = audits.filter(({ name }) => /^(MUST|SHOULD)/.test(name))
  const optional = audits.filter(({ name }) => name.startsWith('MAY'))

  it('has audits of each level', () => {
    expect(required.length).toBeGreaterThan(30)
    expect(required.length + optional.length).toBe(audits.length)
  })

  it.each(required)('$id $name', async (audit) => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok')
  })

  it('does not follow these recommendations only', async () => {
    const failed: string[] = []
    for (const audit of optional) if ((await audit.fn()).status !== 'ok') failed.push(`${audit.id} ${audit.name}`)
    expect(failed).toEqual(Object.keys(NOT_FOLLOWED))
  })
})
