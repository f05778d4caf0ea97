import type { Database } from '../database.ts'
import {
  CallCause,
  CallReply,
  CallSettlement,
  CampaignKind,
  CampaignState,
  OutboundMessageState,
  Prisma,
  QuestionType,
  ReceiverOutcome,
  RecordingState,
} from '../generated/prisma/client.ts'
import { sql } from '../sql.ts'

/** A UUID made of numbers, so that tests can name rows. */
export function id(workspace: number, kind: number, n: number): string {
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')
  return `0190${hex(workspace, 4)}-${hex(kind, 4)}-7000-8000-${hex(n, 12)}`
}

export const A = id(1, 0, 0)
export const B = id(2, 0, 0)

const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n, 3, 4, 5, n * 7))

/** Two workspaces with rows of every model, alike but for their ids and names. */
export async function populate(db: Database): Promise<void> {
  await populateOne(db, 1, 'A')
  await populateOne(db, 2, 'B')
  // Prisma writes milliseconds; the database has microseconds, and both readers must treat them alike.
  await db.query(sql`UPDATE link SET created_at = created_at + interval '999 microseconds' WHERE legacy_id % 2 = 0`)
  await db.query(sql`UPDATE question SET updated_at = '1969-12-31T23:59:58.123456Z' WHERE "order" = 1`)
  await db.query(sql`UPDATE question SET created_at = '0033-04-03T10:11:12.5Z' WHERE "order" = 2`)
}

async function populateOne({ prisma }: Database, w: number, name: string): Promise<void> {
  const workspaceId = id(w, 0, 0)
  const at = (n: number) => ({ createdAt: day(n), updatedAt: day(n + 1) })
  const range = (n: number) => Array.from({ length: n }, (_, i) => i)
  const types = Object.values(QuestionType)
  await prisma.workspace.create({ data: { id: workspaceId, slug: `w${w}`, name: `${name} house`, ...at(0) } })
  await prisma.apiKey.createMany({
    data: range(4).map((n) => ({
      ...{ id: id(w, 1, n), workspaceId, name: `${name} key ${n}`, prefix: `p${n}`, suffix: `s${n % 2}` },
      ...{ hash: `${name}${n}`, scopes: ['read', 'write'].slice(0, n % 3), createdAt: day(n) },
      revokedAt: n % 2 ? day(n + 3) : null,
    })),
  })
  await prisma.user.createMany({
    data: range(4).map((n) => ({
      ...{ id: id(w, 20, n), workspaceId, email: `${name}${n}@Example.org`, username: n ? `${name} ${n}` : null },
      ...{ allScopes: n === 0, scopes: ['read', 'write'].slice(0, n % 3), deactivatedAt: n === 3 ? day(n) : null },
      ...at(n),
    })),
  })
  // Children are workspaces of their own, with nothing of their parent's name.
  for (const n of range(3)) {
    const [childId, userId] = [id(10 * w + n, 0, 0), id(10 * w + n, 20, 0)]
    await prisma.workspace.create({
      data: { id: childId, slug: `c${w}-${n}`, name: 'Child', parentId: workspaceId, ...at(n) },
    })
    await prisma.user.create({
      data: { id: userId, workspaceId: childId, email: `c${w}-${n}@example.org`, allScopes: true, ...at(n) },
    })
    await prisma.subuser.create({
      data: { id: id(w, 21, n), workspaceId, legacyId: n, childId, userId, createdAt: day(n) },
    })
  }
  const settings = [{ a: 1, b: { c: [null, 'é"\\ \u2028', 1.5e3] } }, 'text', Prisma.JsonNull, 0, [], false]
  await prisma.link.createMany({
    data: range(6).map((n) => ({
      ...{ id: id(w, 2, n), workspaceId, legacyId: n, name: n % 2 ? `${name} Secret` : `link ${n}`, slug: `l${n}` },
      ...{ status: n % 3 ? 'active' : 'paused', settings: settings[n]!, maxResponses: n % 2 ? n : null },
      ...{ responseCount: n % 3, deletedAt: n === 4 ? day(9) : null, ...at(n) },
    })),
  })
  await prisma.question.createMany({
    data: range(12).map((n) => ({
      ...{ id: id(w, 3, n), workspaceId, linkId: id(w, 2, n % 4), prompt: `Prompt ${n % 5}`, fieldKey: `${name}f${n}` },
      ...{ type: types[n % types.length]!, order: n % 3, required: n % 2 === 0, configuration: { n }, condition: [n] },
      ...{ enableDynamicProbing: n % 3 === 0, fallbackToText: false, evaluatorConfig: {}, ...at(n) },
    })),
  })
  await prisma.contact.createMany({
    data: range(4).map((n) => ({
      ...{ id: id(w, 4, n), workspaceId, legacyId: n, name: n % 2 ? `Person ${n}` : null, ...at(n) },
      ...{ email: n === 3 ? null : `${name}${n}@Example.org`, phone: n > 1 ? `+3161234567${n}` : null },
      ...{ birthYear: n % 2 ? 1980 + n : null, city: n > 2 ? `${name} town` : null, sharesEmail: n === 2 },
      ...{ mergedIntoId: n === 2 ? id(w, 4, 1) : null, deletedAt: n === 2 ? day(4) : null },
    })),
  })
  await prisma.contactList.createMany({
    data: range(3).map((n) => ({
      ...{ id: id(w, 16, n), workspaceId, legacyId: n, name: `${name} list ${n}`, memberCount: n, ...at(n) },
      ...{ description: n ? `About ${n}` : null, deletedAt: n === 2 ? day(5) : null },
    })),
  })
  await prisma.contactListMember.createMany({
    data: range(5).map((n) => ({
      ...{ id: id(w, 17, n), workspaceId, listId: id(w, 16, n < 3 ? 0 : 1), contactId: id(w, 4, n % 3) },
      ...{ position: 10 - n, createdAt: day(n) },
    })),
  })
  await prisma.segment.createMany({
    data: range(3).map((n) => ({
      ...{ id: id(w, 18, n), workspaceId, legacyId: n, name: n ? `${name} segment ${n}` : null, ...at(n) },
      ...{
        filters: [{ field: 'city', operator: 'in', value: ['a', null, n] }],
        conditions: [],
        deletedAt: n === 2 ? day(5) : null,
      },
    })),
  })
  await prisma.contactImport.createMany({
    data: range(3).map((n) => ({
      ...{ id: id(w, 19, n), workspaceId, key: `${name}${n}`, optionsHash: 'o', rowsHash: 'r', dryRun: n === 1 },
      ...{
        state: n ? 'finished' : 'running',
        rowsDone: n * 7,
        created: n,
        ...at(n),
        finishedAt: n ? day(n + 1) : null,
      },
    })),
  })
  await prisma.respondent.createMany({
    data: range(8).map((n) => ({
      ...{ id: id(w, 5, n), workspaceId, legacyId: n, linkId: id(w, 2, n % 5), ...at(n) },
      ...{ contactId: n % 3 ? id(w, 4, n % 4) : null, status: n % 2 ? 'called' : 'created' },
    })),
  })
  await prisma.response.createMany({
    data: range(9).map((n) => ({
      ...{ id: id(w, 6, n), workspaceId, linkId: id(w, 2, n % 5), respondentId: id(w, 5, n % 8) },
      ...{ sessionId: id(w, 7, n), channel: n % 2 ? 'web' : 'phone', respondentEmail: n % 4 ? null : 'a@b.c' },
      ...{ status: n % 3 ? 'completed' : 'started', submittedAt: n % 3 ? day(n + 2) : null },
      ...{ startedAt: day(n), updatedAt: day(n) },
    })),
  })
  await prisma.upload.createMany({
    data: range(5).map((n) => ({
      ...{ id: id(w, 8, n), workspaceId, responseId: id(w, 6, n), state: n % 2 ? 'ready' : 'pending' },
      ...{
        waveform: n % 2 ? Buffer.from([n, 0, 255]) : null,
        storageKey: `k${n}`,
        size: n % 2 ? n * 1000 : null,
        dueAt: n % 2 ? null : day(n),
        createdAt: day(n),
      },
    })),
  })
  const values = [{ text: 'x' }, Prisma.JsonNull, Prisma.DbNull, 5, 'five']
  await prisma.answer.createMany({
    data: range(14).map((n) => ({
      ...{ id: id(w, 9, n), workspaceId, responseId: id(w, 6, n % 7), questionId: n % 4 ? id(w, 3, n % 12) : null },
      ...{ fieldKey: `f${n}`, questionText: `Text ${n % 3}`, questionType: types[n % 4]!, order: n % 4 },
      ...{ value: values[n % 5]!, uploadId: n < 3 ? id(w, 8, n) : null, ...at(n) },
    })),
  })
  await prisma.transcript.createMany({
    data: range(6).map((n) => ({
      ...{ id: id(w, 10, n), workspaceId, answerId: id(w, 9, n % 4), version: n, text: `${name} said ${n}` },
      ...{ language: n % 2 ? 'en' : null, method: 'by hand', createdAt: day(n) },
    })),
  })
  await prisma.insight.createMany({
    data: range(6).map((n) => ({
      ...{ id: id(w, 11, n), workspaceId, answerId: id(w, 9, n % 5), transcriptId: n % 2 ? id(w, 10, n) : null },
      ...{ sentiment: n % 3 ? 'positive' : null, sentimentScore: n % 4 ? n / 7 : null, actionable: n % 2 === 0 },
      ...{ keyTopics: ['read', 'write'].slice(0, n % 3), summary: `${name} ${n}`, method: 'm', createdAt: day(n) },
    })),
  })
  await prisma.voiceFile.createMany({
    data: range(6).map((n) => {
      const ready = { durationSeconds: n * 1.25, mediaType: 'audio/wav', sha256: `${n}`, mp3Size: n, wavSize: n * 2 }
      return {
        ...{ id: id(w, 22, n), workspaceId, legacyId: n, name: `${name} file ${n}`, ...at(n) },
        ...{
          description: n ? `About ${n}` : null,
          kind: n % 2 ? 'upload' : 'speech',
          text: n % 2 ? null : `${name} says`,
        },
        ...{ voice: n % 2 ? null : 'en', fileName: n % 2 ? `${n}.wav` : null, size: n > 1 ? n * 1000 : null },
        ...(n > 2 ? { status: 'ready' as const, ...ready } : { status: 'pending' as const, dueAt: day(n) }),
        ...(n === 1 ? { status: 'failed' as const, failure: 'truncated' as const, failureMessage: 'half' } : {}),
        ...(n === 4 ? { deletedAt: day(6), dueAt: day(6) } : {}),
      }
    }),
  })
  const kinds = Object.values(CampaignKind)
  const states = Object.values(CampaignState)
  await prisma.campaign.createMany({
    data: range(7).map((n) => ({
      ...{ id: id(w, 23, n), workspaceId, legacyId: n, kind: kinds[n % 5]!, state: states[n % 4]!, ...at(n) },
      ...{ name: n % 2 ? `${name} Secret ${n}` : null, startsAt: n % 3 ? day(n) : null, endsAt: n ? day(n + 9) : null },
      ...{ calendar: n % 2 ? { timeZone: 'UTC', weekly: {} } : Prisma.DbNull, content: { n }, maxAttempts: n + 1 },
      ...{ redialAfterSeconds: n * 60, lines: n % 2 ? n : null, acceptsWanted: n === 2 ? 3 : null, lastPosition: n },
      ...{
        contentFault: n === 3 ? 'no voice' : null,
        meta: n % 2 ? { n } : Prisma.DbNull,
        estimate: 2n ** 40n + BigInt(n),
      },
      ...{ startedAt: n > 2 ? day(n) : null, deletedAt: n === 4 ? day(7) : null, dueAt: n === 1 ? day(n) : null },
    })),
  })
  await prisma.campaignStats.createMany({
    data: range(6).map((n) => ({
      ...{ id: id(w, 23, n), workspaceId, receivers: n * 3, settledReceivers: n, dialedCalls: n, accepts: n % 2 },
      ...{ cost: 2n ** 50n + BigInt(n), updatedAt: day(n) },
    })),
  })
  await prisma.campaignTarget.createMany({
    data: range(8).map((n) => ({
      ...{ id: id(w, 24, n), workspaceId, campaignId: id(w, 23, n % 5), legacyId: n, position: n, ...at(n) },
      ...(n % 3 === 0 ? { kind: 'contact' as const, contactId: id(w, 4, n % 4) } : {}),
      ...(n % 3 === 1 ? { kind: 'list' as const, listId: id(w, 16, n % 3) } : {}),
      ...(n % 3 === 2 ? { kind: 'segment' as const, segmentId: id(w, 18, n % 3) } : {}),
    })) as Prisma.CampaignTargetCreateManyInput[],
  })
  const outcomes = Object.values(ReceiverOutcome)
  await prisma.receiver.createMany({
    data: range(12).map((n) => ({
      ...{ id: id(w, 25, n), workspaceId, campaignId: id(w, 23, n % 3), contactId: id(w, 4, Math.floor(n / 3)) },
      ...{ targetId: id(w, 24, n % 8), position: 12 - n, attempts: n % 4, readyAt: day(n), ...at(n) },
      ...{
        reason: n % 5 ? null : 'QUIET_HOURS',
        lastAttemptAt: n % 4 ? day(n) : null,
        retryAt: n === 5 ? day(n) : null,
      },
      ...(n % 2
        ? { state: 'settled' as const, outcome: outcomes[n]!, settledAt: day(n + 1), talkSeconds: n }
        : { state: n % 4 ? ('in_progress' as const) : ('waiting' as const) }),
    })),
  })
  const causes = Object.values(CallCause)
  const settlements = Object.values(CallSettlement)
  await prisma.call.createMany({
    data: range(9).map((n) => ({
      ...{ id: id(w, 26, n), workspaceId, campaignId: id(w, 23, n % 3), receiverId: id(w, 25, n), attempt: n % 3 },
      ...{
        contactId: id(w, 4, Math.floor(n / 3)),
        phone: n === 8 ? null : `+3584012345${n}`,
        seat: 's',
        cost: n * 100,
      },
      ...{
        script: n % 2 ? Prisma.DbNull : { steps: [n] },
        flow: n % 3 ? { at: n } : Prisma.DbNull,
        q850: n % 2 ? 16 : null,
        sip: n === 4 ? 486 : null,
        createdAt: day(n),
      },
      ...(n < 6
        ? {
            ...{ state: 'ended' as const, cause: causes[n]!, endedAt: day(n + 1), settledAt: day(n + 2) },
            ...{ settledAs: settlements[n % 4]!, reply: n % 2 ? Object.values(CallReply)[n % 3]! : null },
            ...{ durationSeconds: n * 7, dueAt: null, answeredAt: day(n) },
          }
        : { state: 'ringing' as const, dialedAt: day(n), dueAt: day(n + 1) }),
    })),
  })
  await prisma.recording.createMany({
    data: range(4).map((n) => ({
      ...{ id: id(w, 27, n), workspaceId, callId: id(w, 26, n % 3), commandId: `r${n}`, createdAt: day(n) },
      ...{ state: Object.values(RecordingState)[n % 3]!, durationMs: n ? n * 1500 : null, size: n ? n * 44 : null },
    })),
  })
  await prisma.outboundMessage.createMany({
    data: range(7).map((n) => ({
      ...{ id: id(w, 28, n), workspaceId, campaignId: id(w, 23, n % 3), receiverId: id(w, 25, n) },
      ...{ contactId: id(w, 4, Math.floor(n / 3)), state: Object.values(OutboundMessageState)[n % 5]!, cost: n },
      ...{ address: n ? `${name}${n}@example.org` : null, providerId: n % 2 ? `p${n}` : null, createdAt: day(n) },
      ...{ failure: n % 4 ? null : `${name} is full`, segments: n % 2 ? n : null, sentAt: n % 3 ? day(n) : null },
    })),
  })
  await prisma.webhook.createMany({
    data: range(4).map((n) => ({
      ...{ id: id(w, 12, n), workspaceId, name: n ? `${name} ${n}` : null, url: `https://example.com/${n}` },
      ...{
        format: n % 2 ? 'sayify' : n === 2 ? 'multisender' : 'standard',
        eventTypes: ['read', 'write'].slice(0, n % 3),
      },
      ...{
        linkId: n % 2 ? id(w, 2, n) : null,
        campaignId: n === 2 ? id(w, 23, 1) : null,
        enabled: n > 0,
        disabledReason: n > 0 ? null : 'failing',
      },
      ...{ disabledAt: n > 0 ? null : day(n), retiredAt: n === 3 ? day(n) : null, ...at(n) },
    })),
  })
  await prisma.webhookDelivery.createMany({
    data: range(8).map((n) => ({
      ...{ id: id(w, 13, n), workspaceId, webhookId: id(w, 12, n % 3), eventId: id(w, 14, n), eventType: `t${n % 2}` },
      ...{ position: n % 2 ? BigInt(n) : 2n ** 60n + BigInt(n), orderKey: id(w, 6, n % 3), occurredAt: day(n) },
      ...{ payload: { n }, state: n % 2 ? 'pending' : 'dead', dueAt: n % 2 ? day(n) : null, attemptCount: n },
      ...{ settledAt: n % 2 ? null : day(n), createdAt: day(n) },
    })),
  })
  await prisma.webhookAttempt.createMany({
    data: range(8).map((n) => ({
      ...{ id: id(w, 15, n), workspaceId, deliveryId: id(w, 13, n % 4), number: n, url: 'https://example.com/' },
      ...{ startedAt: day(n), durationMs: n * 3, statusCode: n % 2 ? 500 : null, failure: n % 3 ? 'status' : null },
    })),
  })
}
