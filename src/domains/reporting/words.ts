import type { Queryable } from '../../db/database.ts'
import { join, type Sql, sql } from '../../db/sql.ts'
import { formsOf, type SearchTerm } from './search-terms.ts'

/**
 * Whether the words `w` of an answer have what is looked for; the workspace is a word of each
 * (prisma/migrations/0016_finding_answers.sql).
 */
export function hasWords(workspaceId: string, alternatives: readonly SearchTerm[][]): Sql {
  return sql`w.workspace_id = ${workspaceId}::uuid
    AND w.words @@ (${queryOf(alternatives)} && quote_literal(${workspaceId}::uuid::text)::tsquery)`
}

/**
 * How well the words `w` of an answer answer the search, from 0 to 1: how often and how close together they stand, with
 * less weight in a long text.
 */
export function rank(alternatives: readonly SearchTerm[][]): Sql {
  const wanted = alternatives.map((terms) => terms.filter((term) => !term.excluded))
  return sql`ts_rank_cd(w.words, ${queryOf(wanted)}, 1 | 32)`
}

/** Words that both languages' dictionaries keep; where that leaves nothing, the words as they were written. */
function queryOf(alternatives: readonly SearchTerm[][]): Sql {
  const of = (term: (each: SearchTerm) => Sql) =>
    any(alternatives.map((terms) => all(terms.map((each) => (each.excluded ? sql`!!(${term(each)})` : term(each))))))
  const known = of(stemmed)
  return sql`CASE WHEN numnode(${known}) > 0 THEN ${known} ELSE ${of(asWritten)} END`
}

function asWritten({ text }: SearchTerm): Sql {
  return sql`phraseto_tsquery('pg_catalog.simple', ${text})`
}

function stemmed(term: SearchTerm): Sql {
  if (term.exact) return asWritten(term)
  const english = sql`phraseto_tsquery('pg_catalog.english', ${term.text})`
  const finnish = join(
    formsOf(term.text).map((form) => sql`phraseto_tsquery('pg_catalog.finnish', ${form})`),
    ' || ',
  )
  // What is too common to be looked for in one language is not looked for in the other, where it is no word at all.
  return sql`CASE WHEN numnode(${english}) > 0 AND numnode(${finnish}) > 0 THEN ${english} || ${finnish} ELSE ''::tsquery END`
}

/** An empty query on either side leaves the other. */
const all = (parts: readonly Sql[]) => (parts.length === 0 ? sql`''::tsquery` : sql`(${join(parts, ' && ')})`)
const any = (parts: readonly Sql[]) => (parts.length === 0 ? sql`''::tsquery` : sql`(${join(parts, ' || ')})`)

/** The stems of words by word, in English and in Finnish; empty: too common to be looked for in one of them. */
export async function stemsOf(db: Queryable, words: readonly string[]): Promise<Map<string, ReadonlySet<string>>> {
  if (words.length === 0) return new Map()
  const rows = await db.query<{ word: string; english: string[] | null; finnish: string[] | null }>(
    sql`SELECT word, ts_lexize('pg_catalog.english_stem', word) AS english,
               ts_lexize('pg_catalog.finnish_stem', word) AS finnish
        FROM unnest(${words}::text[]) AS word`,
  )
  return new Map(
    rows.map(({ word, english, finnish }) => {
      const isCommon = english?.length === 0 || finnish?.length === 0
      return [word, new Set(isCommon ? [] : [...(english ?? []), ...(finnish ?? [])])]
    }),
  )
}
