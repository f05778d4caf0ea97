import { Api, Refused, type SessionView } from './api.ts'
import { Memory } from './memory.ts'
import type { ClientPage } from './model.ts'
import { Shelf } from './shelf.ts'
import { Survey } from './survey.ts'
import type { ClientTexts } from './texts.ts'

/** Turns the page's form into a conversation. Without this script, or when it fails, the form works as it is. */
export async function start(texts: ClientTexts): Promise<void> {
  const form = document.querySelector<HTMLFormElement>('form[data-page]')
  if (!form) return
  const page = JSON.parse(form.dataset.page!) as ClientPage
  const hidden = (name: string) => form.querySelector<HTMLInputElement>(`input[name=${name}]`)?.value || undefined
  const respondent = new URLSearchParams(location.search).get('r') ?? undefined
  // Two people with personal addresses on one device are two owners.
  const owner = respondent === undefined ? page.base : `${page.base}?r=${respondent}`
  const memory = new Memory(owner)
  const shelf = await Shelf.open(owner)
  // A reload in the middle of "answer again" does not begin once more.
  if (page.fresh && history.state === null) {
    memory.clear()
    await shelf.clear()
  }
  const api = new Api({
    base: page.base,
    respondent,
    token: hidden('session') ?? memory.read().token,
    begun: (token) => memory.write({ token }),
  })
  const survey = new Survey({ form, page, texts, api, memory, shelf })
  const session = api.hasSession ? await survey.waitFor(sessionOf(api)) : NOTHING
  if (session === 'forgotten' || session?.status === 'completed') {
    // It was sent from elsewhere, or is gone; the server's page says which.
    api.forget()
    memory.clear()
    if (session !== 'forgotten') await shelf.clear()
  }
  const known = session === 'forgotten' || session?.status === 'completed' ? NOTHING : session
  if (known && known !== NOTHING) memory.write({ token: api.token })
  await survey.begin(known)
}

/** Of a session that has not begun. */
const NOTHING: SessionView = { status: 'started', answers: {} }
/** Seconds between two attempts. */
const PAUSE_SECONDS = 2

/**
 * What the server has of the session, asked for until it answers: no network is no reason to begin anew; a session that
 * it does not know is. Undefined when it will not say.
 */
async function sessionOf(api: Api): Promise<SessionView | 'forgotten' | undefined> {
  for (;;) {
    try {
      return await api.session()
    } catch (error) {
      const refused = error instanceof Refused && !error.passes ? error : undefined
      if (refused) return refused.code === 'NOT_FOUND' ? 'forgotten' : undefined
      const seconds = (error instanceof Refused && error.retryAfter) || PAUSE_SECONDS
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    }
  }
}
