import { print } from 'graphql'
import { createClient } from 'graphql-ws'
import { graphql } from '../generated/gql.ts'
import type { CallsSubscription } from '../generated/graphql.ts'
import type { Run } from './demo.ts'

const SPEAK = graphql(`
  mutation Speak($input: CreateSpeechInput!) {
    createSpeech(input: $input) {
      __typename
      ... on CreateSpeechPayload { voiceFile { id } }
      ... on Error { code message }
    }
  }
`)

const VOICE_FILE = graphql(`
  query SpokenFile($id: ID!) {
    eventCursor
    voiceFile(id: $id) { status }
  }
`)

const INVITE = graphql(`
  mutation Invite($input: CreateRsvpCampaignInput!) {
    createRsvpCampaign(input: $input) {
      __typename
      ... on CreateRsvpCampaignPayload { campaign { id state } }
      ... on Error { code message }
    }
  }
`)

const CALLS = graphql(`
  subscription Calls($campaign: ID!, $after: String) {
    callStateChanged(campaignId: $campaign, after: $after) {
      event { type }
      call { phone cause reply }
    }
  }
`)

const OUTCOME = graphql(`
  query Outcome($id: ID!) {
    campaign(id: $id) {
      state
      stats { dialedCalls answeredCalls accepts }
      receivers(first: 10) { nodes { outcome reason contact { phone } } }
    }
  }
`)

/** Numbers whose end says what the simulated person does: is busy, presses 2, presses 1. */
const PEOPLE = ['+358401230486', '+358401230202', '+358401230201']
const DEADLINE_MS = 90_000

/** A team invites people by telephone, one place is to be filled, and a dashboard watches every call. */
export async function playCalls({
  url,
  key,
  run,
  say,
}: {
  url: string
  key: string
  run: Run
  say: (text: string) => void
}) {
  say('5. The team has an invitation spoken and calls three people; one place is to be filled.')
  const { createSpeech } = await run(SPEAK, {
    input: {
      name: 'Invitation',
      text: 'Dinner at eight. To come along, press one. Otherwise press two.',
      voiceCode: 'en',
    },
  })
  if (createSpeech.__typename !== 'CreateSpeechPayload') {
    say(`   (left out: ${createSpeech.message})`)
    return
  }
  const voiceFileId = createSpeech.voiceFile.id
  const until = Date.now() + DEADLINE_MS
  while ((await run(VOICE_FILE, { id: voiceFileId })).voiceFile?.status !== 'READY') await pause(until, 'the speech')

  const { createRsvpCampaign } = await run(INVITE, {
    input: {
      name: 'Dinner',
      acceptsWanted: 1,
      halted: true,
      content: {
        voiceFiles: [{ type: 'START', voiceFileId }],
        actionButtons: [
          { button: '1', action: 'ACCEPT' },
          { button: '2', action: 'DECLINE' },
        ],
      },
      receivers: PEOPLE.map((phone) => ({ phone })),
    },
  })
  if (createRsvpCampaign.__typename !== 'CreateRsvpCampaignPayload') throw new Error(createRsvpCampaign.message)
  const { id } = createRsvpCampaign.campaign
  const { eventCursor } = await run(VOICE_FILE, { id: voiceFileId })
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${key}` },
  })
  const failed = new Promise<never>((_, reject) => {
    client.subscribe(
      { query: print(CALLS), variables: { campaign: id, after: eventCursor } },
      {
        next({ data }) {
          const { event, call } = (data as CallsSubscription).callStateChanged
          const facts = [call?.phone, call?.reply ?? call?.cause].filter((fact) => fact != null)
          say(`   << ${event.type}  ${facts.join('  ')}`)
        },
        error: reject,
        complete: () => {},
      },
    )
  })
  await run(RESUME, { id })
  for (;;) {
    const { campaign } = await run(OUTCOME, { id })
    // Completed with the accept, while that call is still spoken to its end.
    const isOver = campaign?.receivers.nodes.every(({ outcome }) => outcome !== null)
    if (campaign?.state === 'COMPLETED' && isOver) break
    await Promise.race([pause(until, 'the campaign'), failed])
  }
  const { campaign } = await run(OUTCOME, { id })
  await client.dispose()
  say(`6. The place is filled: ${campaign?.stats.accepts} accepted, after ${campaign?.stats.dialedCalls} calls.`)
  for (const receiver of campaign?.receivers.nodes ?? []) {
    say(`   ${receiver.contact?.phone}: ${receiver.outcome}${receiver.reason === null ? '' : ` (${receiver.reason})`}`)
  }
  if (campaign?.stats.accepts !== 1) throw new Error('the place is not filled')
}

const RESUME = graphql(`
  mutation Resume($id: ID!) {
    resumeCampaign(input: { id: $id }) {
      __typename
      ... on Error { code message }
    }
  }
`)

async function pause(until: number, what: string): Promise<void> {
  if (Date.now() > until) throw new Error(`${what} took too long`)
  await new Promise((resolve) => setTimeout(resolve, 300))
}
