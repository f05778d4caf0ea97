/** What a header such as Accept or Accept-Language lists, lower-case, with its weights; 0 means "not this". */
export function weights(header: string | undefined): Map<string, number> {
  const listed = new Map<string, number>()
  for (const item of (header ?? '').split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    if (name) listed.set(name, Number.isFinite(weight) ? weight : 0)
  }
  return listed
}

/** Whether JSON is named and liked better than HTML. Without a word about it people get the page. */
export function prefersJson(accept: string | undefined): boolean {
  const listed = weights(accept)
  return (listed.get('application/json') ?? 0) > (listed.get('text/html') ?? 0)
}

/** The one of `languages` (two letters) that is liked best; when none is, that of the tag `otherwise`, else the first. */
export function preferredLanguage<Language extends string>(
  acceptLanguage: string | undefined,
  languages: readonly [Language, ...Language[]],
  otherwise: string | null = null,
): Language {
  const known = (tag: string) => languages.find((each) => tag === each || tag.startsWith(`${each}-`))
  let best = { language: (otherwise === null ? undefined : known(otherwise)) ?? languages[0], weight: 0 }
  for (const [tag, weight] of weights(acceptLanguage)) {
    const language = known(tag)
    if (language && weight > best.weight) best = { language, weight }
  }
  return best.language
}
