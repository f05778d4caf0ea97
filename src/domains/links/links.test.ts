import { beforeAll, describe, expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import {
  brokenRules,
  codeOf,
  eventsAfter,
  headOf,
  loadLink,
  refusal,
  type TestWorld,
  testWorld,
} from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Viewer } from '../auth/index.ts'
import { openSession, recordAnswer, submitResponse } from '../responses/index.ts'
import {
  addQuestion,
  type CreateLinkInput,
  createLink,
  deleteLink,
  deleteQuestion,
  findLinkBySlug,
  type LinkSettings,
  listQuestions,
  reorderQuestions,
  updateLink,
  updateQuestion,
} from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld({ poolSize: 24 })
})

const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const make = (input: Partial<CreateLinkInput> = {}) => createLink(kit.world, kit.viewer, { name: 'Survey', ...input })
const load = (id: string) => loadLink(kit.world, kit.workspaceId, id)
const questionsOf = (id: string) => listQuestions(kit.db, kit.workspaceId, id)
const slugOf = async (id: string) => (await load(id)).slug
const head = () => headOf(kit.world, kit.workspaceId)

async function rowCounts(): Promise<object> {
  const [row] = await kit.db.query<object>(
    sql`SELECT (SELECT count(*)::int FROM link) AS links, (SELECT count(*)::int FROM question) AS questions,
               (SELECT count(*)::int FROM event) AS events, (SELECT count(*)::int FROM idempotency) AS keys,
               (SELECT sum(last)::int FROM legacy_counter) AS numbers`,
  )
  return row!
}

describe('creating', () => {
  test('a name is enough; the rest has its defaults', async () => {
    const before = await head()
    const { id } = await make({ name: '  Product Feedback Survey ' })
    expect(await load(id)).toEqual({
      id,
      workspace_id: kit.workspaceId,
      name: 'Product Feedback Survey',
      slug: 'product-feedback-survey',
      status: 'active',
      settings: {},
      max_responses: null,
      language: null,
      response_count: 0,
      deleted_at: null,
    })
    expect(await questionsOf(id)).toEqual([])
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'link.created', { linkId: id }],
    ])
  })

  test('everything asked for is there, questions in their order, in one event', async () => {
    const before = await head()
    const settings = { description: 'd', tts_enabled: true, own: { deep: [1, null, '😀'] }, redirectUrl: '' }
    const { id } = await make({
      slug: 'All_of-It',
      status: 'paused',
      settings,
      maxResponses: 7,
      questions: [
        { prompt: 'Third', order: 1, type: 'yes_no' },
        { prompt: 'First', type: 'number', configuration: { min: 0.1, max: 1e21 }, required: true },
        { prompt: 'Second', fieldKey: 'own key', condition: { field: 'first', operator: 'less_than', value: 1 } },
      ],
    })
    expect(await load(id)).toMatchObject({ slug: 'All_of-It', status: 'paused', settings, max_responses: 7 })
    const rest = { enable_dynamic_probing: false, fallback_to_text: true, evaluator_config: {} }
    expect((await questionsOf(id)).map(({ id: _, ...question }) => question)).toEqual([
      {
        prompt: 'First',
        field_key: 'first',
        type: 'number',
        order: 0,
        required: true,
        configuration: { min: 0.1, max: 1e21 },
        condition: {},
        ...rest,
      },
      {
        prompt: 'Second',
        field_key: 'own key',
        type: 'voice',
        order: 0,
        required: false,
        configuration: {},
        condition: { field: 'first', operator: 'less_than', value: 1 },
        ...rest,
      },
      {
        prompt: 'Third',
        field_key: 'third',
        type: 'yes_no',
        order: 1,
        required: false,
        configuration: {},
        condition: {},
        ...rest,
      },
    ])
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'link.created', { linkId: id }],
    ])
  })

  test('automatic slugs number themselves, explicit ones conflict', async () => {
    const slugs = []
    for (let n = 0; n < 4; n++) slugs.push(await slugOf((await make({ name: 'Same Name' })).id))
    expect(slugs).toEqual(['same-name', 'same-name-2', 'same-name-3', 'same-name-4'])
    await make({ slug: 'same-name-5' })
    expect(await slugOf((await make({ name: 'same name!' })).id)).toBe('same-name-6')
    const before = await rowCounts()
    expect(await refusal(make({ slug: 'same-name', questions: [{ prompt: 'a' }] }))).toEqual({
      code: 'SLUG_CONFLICT',
      message: 'Slug "same-name" is already in use',
      path: ['slug'],
      details: {},
    })
    expect(await rowCounts()).toEqual(before)
  })

  test('a long name that is taken makes room for its number', async () => {
    const name = 'x'.repeat(100)
    expect(await slugOf((await make({ name })).id)).toBe('x'.repeat(80))
    expect(await slugOf((await make({ name })).id)).toBe(`${'x'.repeat(78)}-2`)
  })

  test('the same slug may stand in another workspace', async () => {
    await make({ slug: 'shared' })
    const theirs = await createLink(kit.world, kit.otherViewer, { name: 'x', slug: 'shared' })
    const found = await findLinkBySlug(kit.db, kit.otherViewer.workspaceId, 'shared')
    expect(found?.id).toBe(theirs.id)
  })

  test('a slug that cannot be is simply not found', async () => {
    for (const slug of ['\0', 'a\0b', '', 'ä', '\ud800', "'; --"]) {
      expect(await findLinkBySlug(kit.db, kit.workspaceId, slug)).toBeUndefined()
    }
  })

  test.each<[object, string[]]>([
    [{ name: ' ' }, ['name too_short']],
    [{ name: 'x'.repeat(301) }, ['name too_long']],
    [{ name: 'a\0' }, ['name unstorable_character']],
    [{ slug: '' }, ['slug regex']],
    [{ slug: '-a' }, ['slug regex']],
    [{ slug: 'a b' }, ['slug regex']],
    [{ slug: 'x'.repeat(81) }, ['slug too_long']],
    [{ status: 'closed' }, ['status unknown_option']],
    [{ maxResponses: 0 }, ['maxResponses too_small']],
    [{ maxResponses: 1.5 }, ['maxResponses type']],
    [{ maxResponses: 3_000_000_000 }, ['maxResponses too_large']],
    [{ settings: { redirectUrl: 'x' }, name: '' }, ['name too_short', 'settings.redirectUrl url']],
    [{ questions: [{ prompt: 'a' }, { prompt: '' }] }, ['questions.1.prompt required']],
    [{ questions: {} }, ['questions type']],
  ])('%j is refused and leaves nothing', async (input, rules) => {
    const before = await rowCounts()
    expect(await brokenRules(make(input))).toEqual(rules)
    expect(await rowCounts()).toEqual(before)
  })

  test('a field key given twice leaves nothing', async () => {
    const before = await rowCounts()
    const questions = [
      { prompt: 'a', fieldKey: 'x' },
      { prompt: 'b', fieldKey: 'x' },
    ]
    expect(await codeOf(make({ questions, idempotencyKey: 'failed' }))).toBe('FIELD_KEY_CONFLICT')
    expect(await rowCounts()).toEqual(before)
  })

  test('an order of creation is an order of numbers', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => make()))
    const rows = await kit.db.query<{ legacy_id: number }>(
      sql`SELECT legacy_id FROM link WHERE id = ANY(${ids.map(({ id }) => id)}::uuid[]) ORDER BY legacy_id`,
    )
    const first = rows[0]!.legacy_id
    expect(rows.map((row) => row.legacy_id)).toEqual([0, 1, 2, 3, 4].map((n) => first + n))
  })
})

describe('the idempotency key', () => {
  test('the same input gives the same link again, and one event; another input conflicts', async () => {
    const input = { name: 'Once', questions: [{ prompt: 'a', type: 'text' as const }], idempotencyKey: ' key-1 ' }
    const before = await head()
    const first = await make(input)
    expect(await make({ ...input, idempotencyKey: 'key-1' })).toEqual(first)
    expect(await make({ idempotencyKey: 'key-1', questions: [{ type: 'text', prompt: 'a' }], name: 'Once' })).toEqual(
      first,
    )
    expect(await head()).toBe(before + 1)
    for (const other of [
      { name: 'once' },
      { slug: 'once' },
      { questions: [{ prompt: 'a' }] },
      { status: 'active' as const },
    ]) {
      expect(await refusal(make({ ...input, ...other }))).toEqual({
        code: 'IDEMPOTENCY_CONFLICT',
        message: 'This idempotency key was used before with another input.',
        path: ['idempotencyKey'],
        details: {},
      })
    }
    expect(await head()).toBe(before + 1)
  })

  test("is one workspace's own", async () => {
    const { id } = await make({ idempotencyKey: 'key-2' })
    const theirs = await createLink(kit.world, kit.otherViewer, { name: 'Survey', idempotencyKey: 'key-2' })
    expect(theirs.id).not.toBe(id)
  })

  test('is not used up by a failure', async () => {
    await make({ slug: 'occupied' })
    expect(await codeOf(make({ slug: 'occupied', idempotencyKey: 'key-3' }))).toBe('SLUG_CONFLICT')
    const { id } = await make({ slug: 'free-now', idempotencyKey: 'key-3' })
    expect(await slugOf(id)).toBe('free-now')
  })

  test('two calls at the same time make one link', async () => {
    for (let round = 0; round < 10; round++) {
      const before = await head()
      const made = await Promise.all([1, 2, 3].map(() => make({ name: 'Race', idempotencyKey: `race-${round}` })))
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
      expect(await head()).toBe(before + 1)
    }
  })

  test.each(['', ' ', 'x'.repeat(201), 'a\0'])('%j is no key', async (idempotencyKey) => {
    expect((await brokenRules(make({ idempotencyKey })))[0]).toMatch(/^idempotencyKey /)
  })
})

describe('the quota', () => {
  test('is exact, also when many ask at once, and a deleted link makes room', async () => {
    const viewer = kit.otherViewer
    const count = async () =>
      (
        await kit.db.query(
          sql`SELECT 1 FROM link WHERE workspace_id = ${viewer.workspaceId}::uuid AND deleted_at IS NULL`,
        )
      ).length
    const quota = (await count()) + 3
    await kit.db.query(sql`UPDATE workspace SET link_quota = ${quota}::int WHERE id = ${viewer.workspaceId}::uuid`)
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, (_, n) => createLink(kit.world, viewer, { name: n % 2 ? 'Same' : `Name ${n}` })),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3)
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ code: 'LINK_LIMIT_REACHED', details: { quota } })
    }
    expect(await count()).toBe(quota)
    const made = results.find((result) => result.status === 'fulfilled')!.value
    await deleteLink(kit.world, viewer, made.id)
    await createLink(kit.world, viewer, { name: 'Again' })
    expect(await codeOf(createLink(kit.world, viewer, { name: 'Too much' }))).toBe('LINK_LIMIT_REACHED')
    await kit.db.query(sql`UPDATE workspace SET link_quota = NULL WHERE id = ${viewer.workspaceId}::uuid`)
  })
})

describe('updating', () => {
  test('objects keep the order of their keys as sent', async () => {
    const settings = { zeta: 1, redirectUrl: '', description: 'd', alpha: { b: 1, a: 2 } }
    const question = {
      prompt: 'Why?',
      configuration: { max_duration: 9, a: 1, enable_ai_evaluation: true },
      condition: { show_if: 'field_value' as const, value: 1, field: 'x', operator: 'equals' as const },
      evaluatorConfig: { custom_fields: ['Summary'], clarity_threshold: 60, max_follow_ups: 2 },
    }
    const { id } = await make({ settings, questions: [question] })
    const [stored] = await listQuestions(kit.world.db, kit.workspaceId, id)
    const { configuration, condition, evaluator_config } = stored!
    expect(JSON.stringify((await load(id)).settings)).toBe(JSON.stringify(settings))
    expect(JSON.stringify([configuration, condition, evaluator_config])).toBe(
      JSON.stringify([question.configuration, question.condition, question.evaluatorConfig]),
    )
  })

  test('absent keys stay; settings merge key by key; null removes', async () => {
    const { id } = await make({
      slug: 'to-update',
      settings: { description: 'a', own: 1, tts_enabled: true },
      maxResponses: 5,
    })
    const before = await head()
    await updateLink(kit.world, kit.viewer, id, { name: 'New name' })
    expect(await load(id)).toMatchObject({ name: 'New name', slug: 'to-update', max_responses: 5 })
    await updateLink(kit.world, kit.viewer, id, {
      settings: { description: null, own: { other: 2 }, thankYouMessage: 'Thanks' },
      maxResponses: null,
      status: 'paused',
      slug: 'updated',
    })
    expect(await load(id)).toMatchObject({
      name: 'New name',
      slug: 'updated',
      status: 'paused',
      max_responses: null,
      settings: { own: { other: 2 }, tts_enabled: true, thankYouMessage: 'Thanks' },
    })
    expect((await load(id)).settings).not.toHaveProperty('description')
    expect(await findLinkBySlug(kit.db, kit.workspaceId, 'to-update')).toBeUndefined()
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'link.updated', { linkId: id }],
      [before + 2, 'link.updated', { linkId: id }],
    ])
  })

  test.each<[object, string[]]>([
    [{ name: '' }, ['name too_short']],
    [{ name: null }, ['name type']],
    [{ slug: null }, ['slug type']],
    [{ status: 'gone' }, ['status unknown_option']],
    [{ maxResponses: -1 }, ['maxResponses too_small']],
    [{ settings: { tts_enabled: 'x' } }, ['settings.tts_enabled type']],
  ])('%j is refused and changes nothing', async (changes, rules) => {
    const { id } = await make()
    const [link, before] = [await load(id), await head()]
    expect(await brokenRules(updateLink(kit.world, kit.viewer, id, { name: 'x', ...changes }))).toEqual(rules)
    expect([await load(id), await head()]).toEqual([link, before])
  })

  test('settings cannot grow beyond their limit bit by bit', async () => {
    const { id } = await make({ settings: { one: 'x'.repeat(30_000) } })
    const update = (settings: LinkSettings) => updateLink(kit.world, kit.viewer, id, { settings })
    expect(await brokenRules(update({ two: 'x'.repeat(30_000) }))).toEqual(['settings too_long'])
    await update({ one: null, two: 'x'.repeat(30_000) })
    expect(Object.keys((await load(id)).settings)).toEqual(['two'])
  })

  test('a slug in use conflicts; its own does not', async () => {
    await make({ slug: 'in-use' })
    const { id } = await make({ slug: 'mine' })
    expect(await refusal(updateLink(kit.world, kit.viewer, id, { slug: 'in-use' }))).toMatchObject({
      code: 'SLUG_CONFLICT',
      message: 'Slug "in-use" is already in use',
      path: ['slug'],
    })
    await updateLink(kit.world, kit.viewer, id, { slug: 'mine' })
    expect(await slugOf(id)).toBe('mine')
  })

  test('changes at the same time are all kept', async () => {
    const { id } = await make()
    const keys = Array.from({ length: 8 }, (_, n) => `key${n}`)
    await Promise.all(keys.map((key) => updateLink(kit.world, kit.viewer, id, { settings: { [key]: key } })))
    expect((await load(id)).settings).toEqual(Object.fromEntries(keys.map((key) => [key, key])))
  })
})

test('a language is a tag as it is usually spelled; null takes it away, absence leaves it', async () => {
  const { id } = await make({ language: 'EN-gb' })
  expect((await load(id)).language).toBe('en-GB')
  await updateLink(kit.world, kit.viewer, id, { name: 'Renamed' })
  expect((await load(id)).language).toBe('en-GB')
  await updateLink(kit.world, kit.viewer, id, { language: 'fi' })
  expect((await load(id)).language).toBe('fi')
  await updateLink(kit.world, kit.viewer, id, { language: null })
  expect((await load(id)).language).toBeNull()
  for (const language of ['suomi on kieli', 'e', '../en', 'en_GB'] as const) {
    expect(await brokenRules(make({ language }))).toEqual(['language language_tag'])
    expect(await brokenRules(updateLink(kit.world, kit.viewer, id, { language }))).toEqual(['language language_tag'])
  }
  // A setting of that name is an owner's own.
  const own = await make({ settings: { language: 'whatever' } })
  expect(await load(own.id)).toMatchObject({ language: null, settings: { language: 'whatever' } })
})

describe('questions', () => {
  const fieldKeys = async (id: string) => (await questionsOf(id)).map((question) => question.field_key)

  test('are added last unless an order is given; each change is one event', async () => {
    const { id } = await make({ questions: [{ prompt: 'a', order: 4 }] })
    const before = await head()
    const added = await addQuestion(kit.world, kit.viewer, id, { prompt: 'b' })
    await addQuestion(kit.world, kit.viewer, id, { prompt: 'c', order: 1 })
    await addQuestion(kit.world, kit.viewer, id, { prompt: 'b' })
    expect(await fieldKeys(id)).toEqual(['c', 'a', 'b', 'b_2'])
    expect((await questionsOf(id)).map(({ order }) => order)).toEqual([1, 4, 5, 6])
    expect((await questionsOf(id))[2]?.id).toBe(added.id)
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual(
      [1, 2, 3].map((n) => [before + n, 'link.updated', { linkId: id }]),
    )
    expect(await refusal(addQuestion(kit.world, kit.viewer, id, { prompt: 'x', fieldKey: 'a' }))).toMatchObject({
      code: 'FIELD_KEY_CONFLICT',
      path: ['question', 'fieldKey'],
    })
    expect(await brokenRules(addQuestion(kit.world, kit.viewer, id, { prompt: ' ' }))).toEqual([
      'question.prompt required',
    ])
    expect(await head()).toBe(before + 3)
  })

  test('cannot become more than 200, also when many are added at once', async () => {
    const questions = Array.from({ length: 197 }, () => ({ prompt: 'q' }))
    const { id } = await make({ questions })
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => addQuestion(kit.world, kit.viewer, id, { prompt: 'q' })),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3)
    expect(new Set(await fieldKeys(id)).size).toBe(200)
    expect(await brokenRules(addQuestion(kit.world, kit.viewer, id, { prompt: 'q' }))).toEqual(['question too_long'])
  })

  test('are changed key by key; a new type starts from an empty configuration', async () => {
    const { id } = await make({
      questions: [
        { prompt: 'a', type: 'rating', configuration: { scale_type: 'nps' }, required: true },
        { prompt: 'b' },
      ],
    })
    const [question] = await questionsOf(id)
    const update = (changes: object) => updateQuestion(kit.world, kit.viewer, question!.id, changes)
    await update({ prompt: 'A?', order: 9 })
    expect((await questionsOf(id))[1]).toEqual({ ...question, prompt: 'A?', order: 9 })
    await update({ type: 'text', fieldKey: 'renamed', condition: { field: 'b', operator: 'equals', value: 1 } })
    expect((await questionsOf(id))[1]).toEqual({
      ...question,
      prompt: 'A?',
      order: 9,
      type: 'text',
      field_key: 'renamed',
      configuration: {},
      condition: { field: 'b', operator: 'equals', value: 1 },
    })
    await update({ condition: null })
    expect((await questionsOf(id))[1]?.condition).toEqual({})
    expect(await brokenRules(update({ type: 'multiple_choice' }))).toEqual(['question.configuration.options type'])
    expect(await refusal(update({ fieldKey: 'b' }))).toMatchObject({
      code: 'FIELD_KEY_CONFLICT',
      path: ['question', 'fieldKey'],
    })
  })

  test('are put into the order asked for, which must name each once', async () => {
    const { id } = await make({ questions: [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c' }] })
    const [a, b, c] = (await questionsOf(id)).map((question) => question.id) as [string, string, string]
    const before = await head()
    const reorder = (ids: string[]) => reorderQuestions(kit.world, kit.viewer, id, ids)
    await reorder([c, a, b])
    expect((await questionsOf(id)).map(({ field_key, order }) => [field_key, order])).toEqual([
      ['c', 0],
      ['a', 1],
      ['b', 2],
    ])
    expect(await head()).toBe(before + 1)
    for (const wrong of [[a, b], [a, b, c, c], [a, a, b], []]) {
      expect(await brokenRules(reorder(wrong))).toEqual(['questionIds incomplete'])
    }
    const elsewhere = (await questionsOf((await make({ questions: [{ prompt: 'd' }] })).id))[0]!.id
    for (const unknown of [UNKNOWN, 'x', elsewhere]) {
      expect(await refusal(reorder([a, unknown, b]))).toEqual({
        code: 'NOT_FOUND',
        message: 'No question with this id exists in your workspace.',
        path: ['questionIds', 1],
        details: {},
      })
    }
    expect(await fieldKeys(id)).toEqual(['c', 'a', 'b'])
  })

  test('that change or go leave the answers with what was asked', async () => {
    const { id } = await make({
      questions: [
        { prompt: 'Name?', type: 'text' },
        { prompt: 'Age?', type: 'number' },
        { prompt: 'Why?', type: 'text' },
      ],
    })
    const link = await load(id)
    const { token, responseId } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
    for (const [fieldKey, value] of [
      ['name', 'Ann'],
      ['age', 42],
      ['why', 'because'],
    ]) {
      await recordAnswer(kit.world, kit.signer, link, { token, fieldKey: fieldKey as string, value })
    }
    const [name, age, why] = await questionsOf(id)
    const before = await head()
    await updateQuestion(kit.world, kit.viewer, name!.id, {
      prompt: 'Your full name?',
      fieldKey: 'full_name',
      type: 'email',
    })
    await deleteQuestion(kit.world, kit.viewer, age!.id)
    expect(await codeOf(deleteQuestion(kit.world, kit.viewer, age!.id))).toBe('NOT_FOUND')
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'link.updated', { linkId: id }],
      [before + 2, 'link.updated', { linkId: id }],
    ])
    const answers = () =>
      kit.db.query(
        sql`SELECT question_id, field_key, question_text, question_type::text, value FROM answer
            WHERE response_id = ${responseId}::uuid ORDER BY "order", id`,
      )
    expect(await answers()).toEqual([
      { question_id: name!.id, field_key: 'name', question_text: 'Name?', question_type: 'text', value: 'Ann' },
      { question_id: null, field_key: 'age', question_text: 'Age?', question_type: 'number', value: 42 },
      { question_id: why!.id, field_key: 'why', question_text: 'Why?', question_type: 'text', value: 'because' },
    ])
    await submitResponse(kit.world, kit.signer, link, { token })
    await deleteLink(kit.world, kit.viewer, id)
    expect(((await answers()) as { question_id: string | null }[]).map((row) => row.question_id)).toEqual([
      null,
      null,
      null,
    ])
  })
})

describe('deleting', () => {
  test('keeps the responses, frees the slug, and works once', async () => {
    const { id } = await make({ slug: 'to-delete', questions: [{ prompt: 'a', type: 'text' }] })
    const link = await load(id)
    const { token, responseId } = await openSession(kit.world, kit.signer, link, { channel: 'web' })
    await recordAnswer(kit.world, kit.signer, link, { token, fieldKey: 'a', value: 'kept' })
    await submitResponse(kit.world, kit.signer, link, { token })
    const before = await head()
    await deleteLink(kit.world, kit.viewer, id)
    expect(await eventsAfter(kit.world, kit.workspaceId, before)).toEqual([
      [before + 1, 'link.deleted', { linkId: id }],
    ])
    expect(await questionsOf(id)).toEqual([])
    const [kept] = await kit.db.query(
      sql`SELECT r.status::text, a.question_text, a.value FROM response r JOIN answer a ON a.response_id = r.id WHERE r.id = ${responseId}::uuid`,
    )
    expect(kept).toEqual({ status: 'completed', question_text: 'a', value: 'kept' })
    expect((await findLinkBySlug(kit.db, kit.workspaceId, 'to-delete'))?.deleted_at).toEqual(kit.clock.now())

    const again = await make({ slug: 'to-delete' })
    expect((await findLinkBySlug(kit.db, kit.workspaceId, 'to-delete'))?.id).toBe(again.id)
    expect(await codeOf(deleteLink(kit.world, kit.viewer, id))).toBe('NOT_FOUND')
    expect(await codeOf(updateLink(kit.world, kit.viewer, id, { name: 'x' }))).toBe('NOT_FOUND')
    expect(await codeOf(addQuestion(kit.world, kit.viewer, id, { prompt: 'x' }))).toBe('NOT_FOUND')
    expect(await head()).toBe(before + 2)
  })
})

describe('who may', () => {
  const operations: Record<string, (viewer: Viewer, linkId: string, questionId: string) => Promise<unknown>> = {
    createLink: (viewer) => createLink(kit.world, viewer, { name: '' }),
    updateLink: (viewer, linkId) => updateLink(kit.world, viewer, linkId, { name: 'Taken over' }),
    deleteLink: (viewer, linkId) => deleteLink(kit.world, viewer, linkId),
    addQuestion: (viewer, linkId) => addQuestion(kit.world, viewer, linkId, { prompt: 'Taken over' }),
    updateQuestion: (viewer, _, questionId) => updateQuestion(kit.world, viewer, questionId, { prompt: 'Taken over' }),
    deleteQuestion: (viewer, _, questionId) => deleteQuestion(kit.world, viewer, questionId),
    reorderQuestions: (viewer, linkId, questionId) => reorderQuestions(kit.world, viewer, linkId, [questionId]),
  }

  test.each(Object.keys(operations))('%s needs links:write, whatever else is wrong', async (name) => {
    const viewer: Viewer = {
      ...kit.viewer,
      scopes: new Set([...kit.viewer.scopes].filter((scope) => scope !== 'links:write')),
    }
    expect(await refusal(operations[name]!(viewer, 'x', 'y'))).toEqual({
      code: 'INSUFFICIENT_SCOPE',
      message: 'API key missing scope: links:write.',
      path: [],
      details: { scope: 'links:write' },
    })
  })

  test.each(Object.keys(operations).filter((name) => name !== 'createLink'))(
    '%s answers a foreign id like an unknown or malformed one',
    async (name) => {
      const { id } = await make({ questions: [{ prompt: 'mine' }] })
      const [question] = await questionsOf(id)
      const [link, before] = [await load(id), await headOf(kit.world, kit.otherViewer.workspaceId)]
      const foreign = await refusal(operations[name]!(kit.otherViewer, id, question!.id))
      expect(foreign.code).toBe('NOT_FOUND')
      for (const wrong of [UNKNOWN, 'x', '', `${UNKNOWN}\0`, UNKNOWN.toUpperCase()]) {
        expect(await refusal(operations[name]!(kit.otherViewer, wrong, wrong))).toEqual(foreign)
      }
      expect([await load(id), await questionsOf(id)]).toEqual([link, [question]])
      expect(await headOf(kit.world, kit.otherViewer.workspaceId)).toBe(before)
    },
  )
})

describe.runIf(onPostgres)('races', () => {
  test('an automatic slug gives way to one asked for at the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `Contested ${round}`
      const results = await Promise.allSettled([
        make({ name }),
        make({ name }),
        make({ slug: `contested-${round}` }),
        make({ name }),
        (async () =>
          updateLink(kit.world, kit.viewer, (await make({ name: 'x' })).id, { slug: `contested-${round}-2` }))(),
      ])
      for (const [index, result] of results.entries()) {
        if (result.status === 'rejected') {
          expect([2, 4]).toContain(index)
          expect(result.reason).toMatchObject({ code: 'SLUG_CONFLICT' })
        }
      }
    }
  })
})
