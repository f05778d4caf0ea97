import { expect, test } from 'vitest'
import { testApp } from '../kit/app.ts'

const statements: string[] = []
// Nothing in the background reads answers meanwhile.
const app = await testApp({}, undefined, { role: 'api', onQuery: (text) => statements.push(text) })

const CREATE = `mutation ($n: String!) {
  createLink(input: { name: $n, slug: $n, questions: [
    { prompt: "What?", fieldKey: "what", type: TEXT }, { prompt: "When?", fieldKey: "when", type: DATE }
  ] }) { ... on CreateLinkPayload { link { slug } } }
}`

/** Two relations deep, with an alias, so that paths and selections differ. */
const READ = `query Deep {
  links(first: 10) {
    nodes {
      id slug status publicUrl createdAt
      questions { id prompt type link { id name questions { fieldKey } } }
      same: questions { order required }
      responses(first: 5) { nodes { status answers { fieldKey question { prompt } } } }
    }
  }
}`

test('an operation that was compiled reads the same, in as many statements, as when it was not', async () => {
  for (const n of ['one', 'two', 'three']) expect((await app.graphql(CREATE, { n })).errors).toBeUndefined()
  const counts: number[] = []
  const answers: unknown[] = []
  for (let n = 0; n < 4; n++) {
    statements.length = 0
    const { data, errors } = await app.graphql(READ)
    expect(errors).toBeUndefined()
    counts.push(statements.filter((text) => /FROM "?(link|question|response|answer)\b/.test(text)).length)
    answers.push(data)
  }
  expect(answers[0]).toMatchObject({ links: { nodes: [{ slug: 'three' }, { slug: 'two' }, { slug: 'one' }] } })
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(counts).toEqual([1, 1, 1, 1])
})
