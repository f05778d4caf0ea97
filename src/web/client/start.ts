import { Api, Refused } from './api.ts'
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
  const session = api.hasSession ? await api.session().catch(forgotten) : undefined
  if (session === 'forgotten' || session?.status === 'completed') {
    // It was sent from elsewhere, or is gone; the server's page says which.
    api.forget()
    memory.clear()
    if (session !== 'forgotten') await shelf.clear()
  }
  const known = session === 'forgotten' || session?.status === 'completed' ? undefined : session
  if (known) memory.write({ token: api.token })
  await new Survey({ form, page, texts, api, memory, shelf }).begin(known)
}

/** No network is no reason to begin anew; a session that the server does not know is. */
function forgotten(error: unknown): 'forgotten' | undefined {
  return error instanceof Refused && error.status === 404 ? 'forgotten' : undefined
}
