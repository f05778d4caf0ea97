import { describe, expect, it } from 'vitest'
import { attributes, html, type Slot, webUrl } from './html.ts'

describe('html', () => {
  it('escapes text, keeps markup, joins lists, drops absence', () => {
    const items: Slot[] = ['<i>', html`<b>${'&'}</b>`, 3, null, undefined, false]
    expect(html`<p title="${`"'`}">${items}</p>`.markup).toBe('<p title="&quot;&#39;">&lt;i&gt;<b>&amp;</b>3</p>')
    expect(html`${attributes({ a: '"', b: true, c: false, d: null, e: 0 })}`.markup).toBe(' a="&quot;" b e="0"')
  })

  it('knows web addresses', () => {
    expect(webUrl('https://example.com/"')).toBe('https://example.com/%22')
    for (const address of ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', '/relative', 5, null]) {
      expect(webUrl(address)).toBeUndefined()
    }
  })
})
