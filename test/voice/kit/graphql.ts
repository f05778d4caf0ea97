import { expect } from 'vitest'

/** Asks the graph of a server, which must have nothing to say against it. */
export async function ask(
  server: { url: URL | string },
  key: string,
  query: string,
  variables: object = {},
): Promise<any> {
  const response = await fetch(new URL('/graphql', server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: any; errors?: unknown }
  expect(errors).toBeUndefined()
  return data
}
