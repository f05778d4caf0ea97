import { expect, it } from 'vitest'
import { DOCUMENTATION, MESSAGES, saysimpleServer } from './kit.ts'
import { MALFORMED } from './literals.ts'

const { app, call } = await saysimpleServer()
const PATH = new URL(DOCUMENTATION).pathname

/** The page of an address that an answer has named, of this server. */
async function page(moreInfo: string) {
  const { pathname, search } = new URL(moreInfo, app.localUrl)
  const response = await fetch(new URL(pathname + search, app.localUrl))
  return { response, text: await response.text() }
}

it('explains each error that an answer leads to', async () => {
  const seen: [number, string][] = []
  for (const reply of [
    await call('GET', '/insights/v1/nothing'),
    await call('GET', '/insights/v1/agents', { token: 'x' }),
    await call('DELETE', '/insights/v1/agents'),
    await call('POST', MESSAGES, { body: {} }),
    await call('POST', MESSAGES, { body: {}, headers: { 'content-type': 'text/plain' } }),
  ]) {
    const { response, text } = await page(reply.json.moreInfo)
    expect(response.status).toBe(200)
    expect(text).toContain(`<h1>${reply.json.code} ${reply.json.message}</h1>`)
    expect(text).toContain(`HTTP status ${reply.status}`)
    seen.push([reply.json.code, reply.json.message])
  }
  expect(seen.map(([code]) => code)).toEqual([404, 401, 405, 1536, 415])
  for (const code of [403, 409, 413, 500]) expect((await page(`${PATH}/errors/${code}`)).response.status).toBe(200)
})

it("shows what is wrong in the documentation's sample, and in an answer of this server", async () => {
  const { moreInfo } = JSON.parse(MALFORMED.replace('{documentationEndpoint}', DOCUMENTATION))
  const { text } = await page(moreInfo)
  expect(text).toContain('<tr><td><code>between</code></td><td>Date is not formated as ISO8601</td></tr>')
  expect(text).toContain('<tr><td><code>channel</code></td><td>Channel should be a string</td></tr>')
  const { json } = await call('POST', MESSAGES, { body: { tags: [1] } })
  expect((await page(json.moreInfo)).text).toContain('<code>tags.0</code></td><td>Tags should be an array of strings')
})

it('is a page that runs and loads nothing, whatever its address says', async () => {
  const hostile = '<script>alert(1)</script>'
  const named = `fields[${encodeURIComponent(`"><img src=x onerror=alert(1)>`)}]`
  for (const search of [
    `fields[between]=${encodeURIComponent(hostile)}&${named}=${encodeURIComponent(hostile)}`,
    `fields[between]=${hostile}`,
    'fields[=x&fields]=y&fields[a][b]=c&[]=d&fields[%zz]=%ff&other=<b>',
    Array.from({ length: 1_000 }, (_, n) => `fields[f${n}]=x`).join('&'),
  ]) {
    const { response, text } = await page(`${PATH}/errors/1536?${search}`)
    expect(response.status).toBe(200)
    expect(text).not.toMatch(/<script|<img|<b>/)
    expect((text.match(/<tr><td>/g) ?? []).length).toBeLessThanOrEqual(50)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  }
})

it('lists all errors, and says of a code that there is none', async () => {
  for (const path of [PATH, `${PATH}/`, `${PATH}/errors`, `${PATH}/errors/`]) {
    const { response, text } = await page(path)
    expect([path, response.status]).toEqual([path, 200])
    for (const code of [401, 403, 404, 405, 409, 413, 415, 500, 1536]) {
      expect(text).toContain(`href="${PATH}/errors/${code}"`)
    }
    expect(text).toContain('href="/saysimple/docs"')
  }
  for (const code of ['999', 'constructor', '__proto__', '1536x', '<b>']) {
    const { response, text } = await page(`${PATH}/errors/${encodeURIComponent(code)}`)
    expect([code, response.status]).toEqual([code, 404])
    expect(text).toContain('There is no error with this code.')
    expect(text).not.toContain('<b>')
  }
})
