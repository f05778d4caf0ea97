type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>
type Child = Node | string | false | undefined

/** An element; functions are listeners (`onclick`), true is an attribute without a value, absence is nothing. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key.slice(2), value)
    else if (value === true) element.setAttribute(key, '')
    else if (value !== undefined && value !== false) element.setAttribute(key, String(value))
  }
  for (const child of children) if (child) element.append(child)
  return element
}

const SVG = 'http://www.w3.org/2000/svg'

/** Drawn here: 24 by 24, filled with the colour of the text. */
const ICONS = {
  microphone:
    'M12 15a3.5 3.5 0 0 0 3.5-3.5v-6a3.5 3.5 0 0 0-7 0v6A3.5 3.5 0 0 0 12 15Zm6.5-4.5v1a6.5 6.5 0 0 1-5.5 6.4V21h-2v-3.1a6.5 6.5 0 0 1-5.5-6.4v-1h2v1a4.5 4.5 0 0 0 9 0v-1Z',
  pause: 'M7 5h3.5v14H7Zm6.5 0H17v14h-3.5Z',
  stop: 'M7 7h10v10H7Z',
  play: 'M8 5v14l11-7Z',
  again: 'M12 5V2L7.5 6 12 10V7a5 5 0 1 1-5 5H5a7 7 0 1 0 7-7Z',
  remove: 'M9 4h6l1 2h4v2H4V6h4ZM6 9.5h12L17.2 20H6.8Z',
  check: 'm9.5 17.4-5-5 1.5-1.5 3.5 3.5 8.5-8.5 1.5 1.5Z',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5Zm10.5-1v7a4 4 0 0 0 0-7Zm0-4.2v2.1a6 6 0 0 1 0 11.2v2.1a8 8 0 0 0 0-15.4Z',
} as const

export type Icon = keyof typeof ICONS

export function icon(name: Icon): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

/** A button of the page's own, never one that sends a form. */
export function button(className: string, text: string, onclick: () => void, symbol?: Icon): HTMLButtonElement {
  return make('button', { type: 'button', class: className, onclick }, symbol && icon(symbol), make('span', {}, text))
}

/** Minutes and seconds. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Shows or hides. */
export function show(element: HTMLElement, isShown: boolean): void {
  element.hidden = !isShown
}
