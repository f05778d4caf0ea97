import { describe, expect, it } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { brokenRules, codeOf, eventsAfter, headOf, START, testWorld, worldOn } from '../../../test/kit/world.ts'
import { FakeClock } from '../../platform/clock.ts'
import { type FakeInsightOptions, fakeInsight, InsightError } from '../../providers/insight/index.ts'
import { createWorkspace, type Viewer } from '../auth/index.ts'
import { bookInsight, getInsightBudget, reserveInsight, updateInsightBudget } from './insight-budget.ts'
import { askFollowUp, understand } from './understand.ts'

const MINUTE = 60_000

const shared = await testWorld({ poolSize: 8 })
let made = 0

/** Two workspaces of their own under a clock of their own; `monthlyTokens`: the budget of the first. */
async function budgeted(monthlyTokens?: number | null) {
  const clock = new FakeClock(START)
  const world = worldOn(shared.db, clock)
  const enter = async (): Promise<Viewer> => {
    const { workspaceId } = await createWorkspace(world, { slug: `budget-${++made}`, name: 'Budget' })
    return { ...shared.viewer, workspaceId }
  }
  const viewer = await enter()
  const kit = { world, clock, viewer, workspaceId: viewer.workspaceId, otherViewer: await enter() }
  if (monthlyTokens !== undefined) await updateInsightBudget(world, viewer, { monthlyTokens }, null)
  return kit
}

type Kit = Awaited<ReturnType<typeof budgeted>>

const budgetOf = ({ world, viewer }: Kit) => getInsightBudget(world, viewer, null)
const reserve = ({ world, workspaceId }: Kit, tokens: number, byDefault: number | null = null) =>
  reserveInsight(world, { workspaceId, tokens, byDefault })

const request = { text: 'It was fine', language: 'en', question: 'How was it?', customFields: ['Summary'] }
const signal = new AbortController().signal

/** An analyser that costs 60 tokens, and may cost 100. */
const paid = (more: FakeInsightOptions = {}) =>
  fakeInsight({
    method: 'paid',
    isPaid: true,
    tokensAtMost: 100,
    usage: { inputTokens: 50, outputTokens: 10 },
    ...more,
  })

function deps({ world }: Kit, insight: ReturnType<typeof fakeInsight> | null, monthlyTokens?: number | null) {
  return { world, insight, fallback: fakeInsight({ method: 'spare' }), monthlyTokens }
}

describe('a budget', () => {
  it('is the default until it is set, and again when it is taken back', async () => {
    const { world, viewer, workspaceId, otherViewer } = await budgeted()
    const shown = async (who = viewer) => {
      const { monthlyTokens, isDefault } = await getInsightBudget(world, who, 500)
      return [monthlyTokens, isDefault]
    }
    expect(await shown()).toEqual([500, true])
    const head = await headOf(world, workspaceId)
    expect(await updateInsightBudget(world, viewer, { monthlyTokens: 0 }, 500)).toMatchObject({
      month: '2026-11-01',
      monthlyTokens: 0,
      isDefault: false,
      requests: 0,
    })
    await updateInsightBudget(world, viewer, { monthlyTokens: null }, 500)
    expect(await shown()).toEqual([null, false])
    expect(await shown(otherViewer)).toEqual([500, true])
    await updateInsightBudget(world, viewer, {}, 500)
    expect(await shown()).toEqual([500, true])
    const told = (await eventsAfter(world, workspaceId, head)).map(([, type]) => type)
    expect(told).toEqual(['insightBudget.changed', 'insightBudget.changed', 'insightBudget.changed'])
  })

  it('is for those who may', async () => {
    const { world, viewer } = await budgeted()
    const reader = { ...viewer, scopes: new Set(['responses:read'] as const) }
    const stranger = { ...viewer, scopes: new Set(['links:write'] as const) }
    expect((await getInsightBudget(world, reader, 5)).monthlyTokens).toBe(5)
    expect(await codeOf(getInsightBudget(world, stranger, 5))).toBe('INSUFFICIENT_SCOPE')
    expect(await codeOf(updateInsightBudget(world, reader, { monthlyTokens: 1 }, 5))).toBe('INSUFFICIENT_SCOPE')
    for (const monthlyTokens of [-1, 0.5, 1e13, Number.NaN]) {
      const rules = await brokenRules(updateInsightBudget(world, viewer, { monthlyTokens }, 5))
      expect(rules.map((rule) => rule.split(' ')[0])).toEqual(['monthlyTokens'])
    }
    expect((await getInsightBudget(world, viewer, 5)).isDefault).toBe(true)
  })
})

describe('a reservation', () => {
  it('takes what may be used, and gives back what was not', async () => {
    const kit = await budgeted(250)
    const first = await reserve(kit, 100)
    const second = await reserve(kit, 100)
    expect(await reserve(kit, 100)).toBeNull()
    expect(await budgetOf(kit)).toMatchObject({ requests: 2, reservedTokens: 200, inputTokens: 0 })
    await bookInsight(kit.world, first!, { inputTokens: 30, outputTokens: 10 })
    await bookInsight(kit.world, second!, { inputTokens: 0, outputTokens: 0 })
    expect(await budgetOf(kit)).toMatchObject({ reservedTokens: 0, inputTokens: 30, outputTokens: 10 })
    expect(await reserve(kit, 210)).not.toBeNull()
    expect(await reserve(kit, 1)).toBeNull()
  })

  it('is refused from the first token on where none are allowed, and never where any number is', async () => {
    const none = await budgeted()
    expect(await reserve(none, 1, 0)).toBeNull()
    expect(await reserve(none, 1_000_000_000, null)).not.toBeNull()
    const own = await budgeted(null)
    expect(await reserve(own, 1_000_000_000, 0)).not.toBeNull()
  })

  it('does not outlive a process that died with it', async () => {
    const kit = await budgeted(100)
    const dead = await reserve(kit, 100)
    kit.clock.advance(29 * MINUTE)
    expect(await reserve(kit, 100)).toBeNull()
    kit.clock.advance(2 * MINUTE)
    expect(await budgetOf(kit)).toMatchObject({ reservedTokens: 0 })
    const next = await reserve(kit, 100)
    expect(next).not.toBeNull()
    // It was slow and not dead: what it used counts, and it gives nothing back twice.
    await bookInsight(kit.world, dead!, { inputTokens: 40, outputTokens: 0 })
    expect(await budgetOf(kit)).toMatchObject({ reservedTokens: 100, inputTokens: 40 })
    expect(await reserve(kit, 1)).toBeNull()
    await bookInsight(kit.world, next!, { inputTokens: 10, outputTokens: 0 })
    expect(await reserve(kit, 50)).not.toBeNull()
  })

  it('belongs to the month in which it was made', async () => {
    const kit = await budgeted(100)
    kit.clock.set(new Date('2026-11-30T23:59:59.999Z'))
    const late = await reserve(kit, 100)
    kit.clock.advance(1)
    expect(await budgetOf(kit)).toMatchObject({ month: '2026-12-01', reservedTokens: 0 })
    expect(await reserve(kit, 100)).not.toBeNull()
    await bookInsight(kit.world, late!, { inputTokens: 100, outputTokens: 0 })
    expect(await budgetOf(kit)).toMatchObject({ inputTokens: 0, reservedTokens: 100 })
  })

  it('leaves other workspaces alone', async () => {
    const kit = await budgeted(100)
    await reserve(kit, 100)
    const { world, otherViewer } = kit
    const other = await reserveInsight(world, { workspaceId: otherViewer.workspaceId, tokens: 100, byDefault: 100 })
    expect(other).not.toBeNull()
    const own = await reserve(kit, 100)
    expect(own).toBeNull()
    // A reservation of another workspace is none of one's own.
    await bookInsight(world, { ...other!, workspaceId: kit.workspaceId }, { inputTokens: 0, outputTokens: 0 })
    expect(await getInsightBudget(world, otherViewer, 100)).toMatchObject({ reservedTokens: 100 })
  })

  it.skipIf(!onPostgres)('passes the budget with none of many at once', async () => {
    const kit = await budgeted(1_000)
    for (let round = 0; round < 5; round++) {
      const made = await Promise.all(Array.from({ length: 40 }, () => reserve(kit, 100)))
      const reservations = made.filter((one) => one !== null)
      expect(reservations).toHaveLength(10)
      await Promise.all(reservations.map((one) => bookInsight(kit.world, one, { inputTokens: 0, outputTokens: 0 })))
    }
    expect(await budgetOf(kit)).toMatchObject({ requests: 50, reservedTokens: 0 })
  })

  it.skipIf(!onPostgres)('of the dead is given back once by many at once', async () => {
    const kit = await budgeted(1_000)
    for (let n = 0; n < 10; n++) await reserve(kit, 100)
    kit.clock.advance(31 * MINUTE)
    const made = await Promise.all(Array.from({ length: 40 }, () => reserve(kit, 100)))
    expect(made.filter((one) => one !== null)).toHaveLength(10)
  })
})

describe('understanding', () => {
  it('is paid from the budget', async () => {
    const kit = await budgeted(1_000)
    const insight = paid()
    const { workspaceId } = kit
    const understood = await understand(deps(kit, insight), { workspaceId, ...request }, signal)
    expect(understood).toMatchObject({
      method: 'paid',
      found: { summary: 'It was fine', customFields: { Summary: null } },
    })
    expect(insight.history).toEqual([{ asked: 'analyze', request: { ...request, signal } }])
    const exchanges = [{ question: request.question, answer: request.text }]
    const ask = { workspaceId, question: request.question, exchanges, language: 'en' }
    expect(await askFollowUp(deps(kit, insight), ask, signal)).toMatchObject({
      method: 'paid',
      found: { asks: 'more' },
    })
    expect(await budgetOf(kit)).toMatchObject({ requests: 2, inputTokens: 100, outputTokens: 20, reservedTokens: 0 })
  })

  it('is null where nothing analyses, and free where that costs nothing', async () => {
    const kit = await budgeted(0)
    const input = { workspaceId: kit.workspaceId, ...request }
    expect(await understand(deps(kit, null), input, signal)).toBeNull()
    expect(await understand(deps(kit, fakeInsight({ method: 'free' })), input, signal)).toMatchObject({
      method: 'free',
    })
    expect(await budgetOf(kit)).toMatchObject({ requests: 0 })
  })

  it('is left to the spare one when the budget is used up, which is told once in a month', async () => {
    const kit = await budgeted(150)
    const { world, workspaceId, clock } = kit
    const input = { workspaceId, ...request }
    const head = await headOf(world, workspaceId)
    const methods = async (insight: ReturnType<typeof fakeInsight>) =>
      (await understand(deps(kit, insight), input, signal))?.method
    const insight = paid()
    expect(await methods(insight)).toBe('paid')
    for (let n = 0; n < 3; n++) expect(await methods(insight)).toBe('spare (the budget of the month is used up)')
    expect(insight.history).toHaveLength(1)
    expect(await eventsAfter(world, workspaceId, head)).toEqual([
      [expect.any(Number), 'insightBudget.exhausted', { month: '2026-11-01', monthlyTokens: 150 }],
    ])
    expect((await budgetOf(kit)).exhaustedAt).toEqual(clock.now())
    clock.set(new Date('2026-12-01T00:00:00.000Z'))
    expect(await methods(insight)).toBe('paid')
    expect(await methods(insight)).toContain('spare')
    expect(await eventsAfter(world, workspaceId, head)).toHaveLength(2)
  })

  it('does not say that the budget is used up while requests under way merely hold it', async () => {
    const kit = await budgeted(150)
    const { world, workspaceId } = kit
    const head = await headOf(world, workspaceId)
    await reserve(kit, 100)
    const understood = await understand(deps(kit, paid()), { workspaceId, ...request }, signal)
    expect(understood?.method).toContain('spare')
    expect(await eventsAfter(world, workspaceId, head)).toEqual([])
  })

  it('counts by the server where the workspace sets nothing', async () => {
    const kit = await budgeted()
    const input = { workspaceId: kit.workspaceId, ...request }
    expect((await understand(deps(kit, paid(), 0), input, signal))?.method).toContain('spare')
    expect((await understand(deps(kit, paid(), null), input, signal))?.method).toBe('paid')
    expect((await understand(deps(kit, paid()), input, signal))?.method).toBe('paid')
  })

  it('is left to the spare one when the first fails for good, and what that used is booked', async () => {
    const kit = await budgeted(1_000)
    const failing = paid({
      analyze: () => new InsightError('rubbish', { usage: { inputTokens: 7, outputTokens: 3 } }),
    })
    const understood = await understand(deps(kit, failing), { workspaceId: kit.workspaceId, ...request }, signal)
    expect(understood?.method).toBe('spare (paid failed)')
    expect(await budgetOf(kit)).toMatchObject({ inputTokens: 7, outputTokens: 3, reservedTokens: 0 })
  })

  it('is tried again when the failure may pass, and left to the spare one the last time', async () => {
    const kit = await budgeted(1_000)
    const failing = paid({ analyze: () => new InsightError('busy', { retryable: true }) })
    const input = { workspaceId: kit.workspaceId, ...request }
    await expect(understand(deps(kit, failing), input, signal)).rejects.toThrow('busy')
    expect((await understand(deps(kit, failing), input, signal, { last: true }))?.method).toBe('spare (paid failed)')
    expect(await budgetOf(kit)).toMatchObject({ requests: 2, reservedTokens: 0 })
  })

  it('gives its reservation back when it is broken off, or breaks', async () => {
    const kit = await budgeted(1_000)
    const input = { workspaceId: kit.workspaceId, ...request }
    const controller = new AbortController()
    const hanging = paid({ delay: async () => controller.abort(new Error('enough')) })
    await expect(understand(deps(kit, hanging), input, controller.signal)).rejects.toThrow('enough')
    const broken = paid({
      analyze: () => {
        throw new TypeError('a fault of ours')
      },
    })
    await expect(understand(deps(kit, broken), input, signal)).rejects.toThrow('a fault of ours')
    expect(await budgetOf(kit)).toMatchObject({ requests: 2, reservedTokens: 0, inputTokens: 0 })
  })
})
