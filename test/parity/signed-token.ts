import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { request } from 'undici'
import type { Entry } from './entry.ts'

/** Where clients of SaySimple swap a token that they signed for another (contract/saysimple.md 2). */
const SWAP = /\/auth\/authenticate\/?(\?.*)?$/
const JWT = /^Bearer +ey[\w-]+\.ey[\w-]+\.[\w-]+$/i
const LIFETIME_SECONDS = 240

/** Whether a token was swapped that must be signed anew: by then it is over, and its key is not here. */
export function isSwap({ method, url, headers, expect, key }: Entry): boolean {
  const isKept = key === null || expect?.status === 401
  return method === 'POST' && SWAP.test(url) && JWT.test(headers.authorization ?? '') && !isKept
}

/** Signs in the place of recorded clients, by a pair of keys whose public half it adds to the API key, once. */
export function tokenSigner(server: URL, key: string): () => Promise<string> {
  let made: Promise<KeyObject> | undefined
  return async () => {
    made ??= addPair(server, key)
    const seconds = Math.floor(Date.now() / 1_000)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { key, iat: seconds, exp: seconds + LIFETIME_SECONDS }
    const content = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
    return `${content}.${sign('RSA-SHA256', Buffer.from(content), await made).toString('base64url')}`
  }
}

async function addPair(server: URL, key: string): Promise<KeyObject> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const { apiKeys } = await ask<{ apiKeys: { nodes: { id: string; prefix: string; suffix: string }[] } }>(
    { server, key },
    '{ apiKeys(first: 100) { nodes { id prefix suffix } } }',
  )
  const own = apiKeys.nodes.find(({ prefix, suffix }) => key.startsWith(prefix) && key.endsWith(suffix))
  if (!own) throw new Error('the API key is not among those that the server lists')
  const { addSigningKey } = await ask<{ addSigningKey: { signingKey?: object; message?: string } }>(
    { server, key },
    `mutation ($input: AddSigningKeyInput!) { addSigningKey(input: $input) {
      ... on AddSigningKeyPayload { signingKey { id } } ... on Error { message }
    } }`,
    { input: { apiKeyId: own.id, name: 'Parity', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) } },
  )
  if (!addSigningKey.signingKey) throw new Error(addSigningKey.message)
  return privateKey
}

async function ask<Data>(
  { server, key }: { server: URL; key: string },
  query: string,
  variables: object = {},
): Promise<Data> {
  const { body } = await request(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await body.json()) as { data?: Data; errors?: { message: string }[] }
  if (!data || errors) throw new Error(`no key can be added to the API key: ${errors?.[0]?.message}`)
  return data
}
