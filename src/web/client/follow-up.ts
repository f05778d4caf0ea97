import type { FollowUp } from './api.ts'
import { make } from './dom.ts'
import type { ClientQuestion } from './model.ts'

const PLACEHOLDER = 'follow-up'

/** The markup of a further question, made from the page's template for such. */
export function cloneFollowUp({ fieldKey, prompt, language }: FollowUp, { writes }: ClientQuestion): HTMLElement {
  const template = document.querySelector<HTMLTemplateElement>('#follow-up')!
  const root = (template.content.cloneNode(true) as DocumentFragment).querySelector<HTMLElement>('.question')!
  for (const element of root.querySelectorAll('*')) {
    for (const { name, value } of [...element.attributes]) {
      if (value.includes(PLACEHOLDER)) element.setAttribute(name, value.replaceAll(PLACEHOLDER, fieldKey))
    }
  }
  const words = root.querySelector<HTMLElement>('.prompt > span')!
  words.textContent = prompt
  if (language) words.lang = language
  const area = root.querySelector('textarea')!
  if (!writes) area.replaceWith(make('input', { type: 'file', id: area.id, name: area.name, accept: 'audio/*' }))
  return root
}
