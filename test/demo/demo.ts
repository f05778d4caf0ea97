import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { print } from 'graphql'
import { createClient } from 'graphql-ws'
import { graphql } from '../generated/gql.ts'
import type { ArrivingSubscription } from '../generated/graphql.ts'
import { startServer } from '../kit/server.ts'
import { playCalls } from './calls.ts'

/**
 * The main jobs, by themselves: a server of its own, a link made over GraphQL, a person who answers it over HTTP, a frontend
 * that sees the answers arrive; then people who are invited by telephone, as a simulated carrier plays them. Exits with 0
 * when every step went as it should.
 */
const CREATE_LINK = graphql(`
  mutation MakeLink($input: CreateLinkInput!) {
    createLink(input: $input) {
      __typename
      ... on CreateLinkPayload { link { id publicUrl questions { fieldKey prompt type } } }
      ... on Error { code message }
    }
  }
`)

const ARRIVING = graphql(`
  subscription Arriving($after: String) {
    events(after: $after, types: [RESPONSE_STARTED, RESPONSE_ANSWERED, RESPONSE_SUBMITTED]) {
      type
      cursor
      answer { questionText value }
      response { status respondentEmail }
    }
  }
`)

const PRESENT = graphql(`
  query Present {
    eventCursor
  }
`)

const SUMMARY = graphql(`
  query Summary($id: ID!) {
    link(id: $id) {
      name
      responseCount
      responses(first: 10) { totalCount nodes { submittedAt answers { fieldKey text } } }
    }
  }
`)

const KEY = 'sk_live_demonstrationonlydemonstration01'

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-demo-'))
  const server = await startServer({ DATA_DIR: folder, BOOTSTRAP_API_KEY: KEY, SAMPLE_LINK: 'off' })
  try {
    const run = runner(server.url)
    await play(server.url, run)
    await playCalls({ url: server.url, key: KEY, run, say })
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs an operation; throws when the server answers with errors. */
export type Run = <Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) => Promise<Data>

function runner(url: string): Run {
  return async (document, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: print(document), variables }),
    })
    const { data, errors } = (await response.json()) as { data: never; errors?: { message: string }[] }
    if (errors) throw new Error(errors.map((error) => error.message).join('; '))
    return data
  }
}

async function play(url: string, run: Run): Promise<void> {
  say('1. A team makes a link over GraphQL.')
  const { createLink } = await run(CREATE_LINK, {
    input: {
      name: 'How was your visit?',
      questions: [
        {
          prompt: 'How likely are you to recommend us?',
          fieldKey: 'nps',
          required: true,
          configuration: { rating: { scaleType: 'NPS' } },
        },
        {
          prompt: 'What went wrong?',
          type: 'TEXT',
          fieldKey: 'why',
          condition: { field: 'nps', operator: 'LESS_THAN', value: 7 },
        },
        { prompt: 'Your e-mail address?', type: 'EMAIL', fieldKey: 'email' },
      ],
    },
  })
  if (createLink.__typename !== 'CreateLinkPayload') throw new Error(createLink.message)
  const { link } = createLink
  say(`   ${link.publicUrl}`)

  say('2. A dashboard subscribes over a WebSocket.')
  const { eventCursor } = await run(PRESENT, {})
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${KEY}` },
  })
  const seen: string[] = []
  const submitted = new Promise<void>((resolve, reject) => {
    client.subscribe(
      { query: print(ARRIVING), variables: { after: eventCursor } },
      {
        next({ data }) {
          const event = (data as ArrivingSubscription).events
          seen.push(event.type)
          const detail = event.answer
            ? `${event.answer.questionText} -> ${JSON.stringify(event.answer.value)}`
            : event.response?.status
          say(`   << ${event.type}  ${detail ?? ''}`)
          if (event.type === 'RESPONSE_SUBMITTED') resolve()
        },
        error: reject,
        complete: () => {},
      },
    )
  })

  say('3. A person opens the link and answers.')
  const base = new URL(new URL(link.publicUrl).pathname, url)
  const opened = await fetch(`${base}/sessions`, { method: 'POST' })
  if (opened.status !== 201) throw new Error(`opening a session answered ${opened.status}: ${await opened.text()}`)
  const { session } = (await opened.json()) as { session: string }
  const headers = { authorization: `Session ${session}`, 'content-type': 'application/json' }
  for (const [fieldKey, value] of Object.entries({ nps: 6, why: 'The queue was long', email: 'ada@example.com' })) {
    const saved = await fetch(`${base}/session/answers/${fieldKey}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ value }),
    })
    if (!saved.ok) throw new Error(`saving ${fieldKey} answered ${saved.status}: ${await saved.text()}`)
  }
  const done = await fetch(`${base}/session/submit`, {
    method: 'POST',
    headers: { authorization: headers.authorization },
  })
  if (!done.ok) throw new Error(`submitting answered ${done.status}: ${await done.text()}`)

  await Promise.race([
    submitted,
    new Promise((_, reject) =>
      setTimeout(() => reject(new Error('the subscription did not see the response')), 60_000).unref(),
    ),
  ])
  await client.dispose()
  const expected = 'RESPONSE_STARTED RESPONSE_ANSWERED RESPONSE_ANSWERED RESPONSE_ANSWERED RESPONSE_SUBMITTED'
  if (seen.join(' ') !== expected) throw new Error(`the subscription saw ${seen.join(' ')}`)

  say('4. The team reads what was said.')
  const { link: summary } = await run(SUMMARY, { id: link.id })
  say(`   ${summary?.name}: ${summary?.responseCount} response`)
  for (const answer of summary?.responses.nodes[0]?.answers ?? []) say(`   ${answer.fieldKey}: ${answer.text}`)
}

await main()
