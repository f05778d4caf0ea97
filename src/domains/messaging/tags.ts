/** What a message's tags say (contract/saysimple.md 5.1). */
export interface Tags {
  /** With their prefix, each once, in the order in which they came; of the team tags only the first. */
  tags: string[]
  /** An automatic reply is nobody's first reply. */
  automatic: boolean
  /** A template that the channel charges for. */
  paid: boolean
  /** Without its prefix. */
  team: string | null
}

const PREFIX = /^(user|team|system):\s*/
const AUTOMATIC = 'system:automatic_reply'
const PAID = 'system:paid_template'

/** Reads tags as they were sent. Blank ones are left out. */
export function readTags(raw: readonly string[]): Tags {
  const tags = new Set<string>()
  let team: string | null = null
  for (const text of raw) {
    const tag = tagFilter(text)
    if (tag === '') continue
    if (tag.startsWith('team:')) {
      if (team !== null) continue
      team = tag.slice('team:'.length)
    }
    tags.add(tag)
  }
  return { tags: [...tags], automatic: tags.has(AUTOMATIC), paid: tags.has(PAID), team }
}

/** A tag with its prefix, which is `user:` where it comes without one; blank when there is nothing else. */
export function tagFilter(text: string): string {
  const trimmed = text.trim()
  const prefix = PREFIX.exec(trimmed)
  const name = prefix ? trimmed.slice(prefix[0].length) : trimmed
  return name === '' ? '' : `${prefix?.[1] ?? 'user'}:${name}`
}
