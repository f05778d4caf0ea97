import { z } from 'zod'
import type { Answer, LegacyRequest } from '../legacy/index.ts'

export const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 100
/** Beyond this there are no rows, and offsets stay numbers that the database takes. */
const MAX_PAGE = 1_000_000_000

/** Whatever is sent is read as well as it can be; nothing here is refused as malformed. */
export const pagingQuery = {
  page: z.string().optional().meta({
    type: 'integer',
    default: 1,
    description: 'Which page, from 1; `last` is the last one. One that does not exist answers 404 `Invalid page.`',
  }),
  page_size: z
    .string()
    .optional()
    .meta({
      type: 'integer',
      default: DEFAULT_PAGE_SIZE,
      description: `Results per page, at most ${MAX_PAGE_SIZE}. What is no positive number counts as absent.`,
    }),
}

export interface PagingQuery {
  page?: string
  page_size?: string
}

export interface Range {
  offset: number
  limit: number
}

/** One page of what `list` gives, in the envelope `{count, next, previous, results}` (contract/sayify.md 5). */
export async function paged(
  request: LegacyRequest,
  { page = '', page_size }: PagingQuery,
  list: (range: Range) => Promise<{ total: number; items: unknown[] }>,
): Promise<Answer> {
  const size = pageSize(page_size)
  const number = page === 'last' ? pages((await list({ offset: 0, limit: 0 })).total, size) : pageNumber(page)
  if (number === undefined) return INVALID_PAGE
  const { total, items } = await list({ offset: (number - 1) * size, limit: size })
  const last = pages(total, size)
  if (number > last) return INVALID_PAGE
  return {
    status: 200,
    body: {
      count: total,
      next: number < last ? address(request, number + 1) : null,
      previous: number > 1 ? address(request, number - 1) : null,
      results: items,
    },
  }
}

/** The whole list as a bare array, unless a page is asked for (contract/sayify.md A1). */
export async function pagedIfAsked(
  request: LegacyRequest,
  query: PagingQuery,
  list: (range: Partial<Range>) => Promise<{ total: number; items: unknown[] }>,
): Promise<Answer> {
  if (query.page !== undefined || query.page_size !== undefined) return paged(request, query, list)
  return { status: 200, body: (await list({})).items }
}

/** A list that is read whole, as `pagedIfAsked` wants it. */
export const sliceOf = (items: unknown[]) => async (range: Partial<Range>) => {
  const { offset = 0, limit = items.length } = range
  return { total: items.length, items: items.slice(offset, offset + limit) }
}

const INVALID_PAGE: Answer = { status: 404, body: { detail: 'Invalid page.' } }

/** An empty list has one page, which is empty. */
function pages(total: number, size: number): number {
  return Math.max(1, Math.ceil(total / size))
}

function pageNumber(text: string): number | undefined {
  if (text === '') return 1
  const number = /^\d+$/.test(text.trim()) ? Number(text) : 0
  return number >= 1 && number <= MAX_PAGE ? number : undefined
}

function pageSize(text = ''): number {
  const size = /^\d+$/.test(text.trim()) ? Number(text) : 0
  return size >= 1 ? Math.min(size, MAX_PAGE_SIZE) : DEFAULT_PAGE_SIZE
}

/** The same address with another page; the first needs none. */
function address({ origin, path, search }: LegacyRequest, page: number): string {
  const query = new URLSearchParams(search)
  if (page === 1) query.delete('page')
  else query.set('page', String(page))
  query.sort()
  return `${origin}${path}${query.size > 0 ? `?${query}` : ''}`
}
