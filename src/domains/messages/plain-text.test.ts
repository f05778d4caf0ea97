import { expect, test } from 'vitest'
import { plainTextOf } from './plain-text.ts'

test.each([
  ['words', 'Hello <b>you</b>, <i>there</i>', 'Hello you, there'],
  ['paragraphs', '<h1>Title</h1>\n  <p>One\n two</p><p>Three<br>Four</p>', 'Title\n\nOne two\n\nThree\nFour'],
  ['lists', '<ul><li>a</li><li>b</li></ul>after', '- a\n- b\n\nafter'],
  ['tables', '<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\n\nc'],
  [
    'characters by name and by number',
    '&lt;&amp;&gt; p&auml;iv&auml;&auml; &#8364;&#x20ac; &nosuch; &#0;',
    '<&> päivää €€ &nosuch; \ufffd',
  ],
  [
    'addresses of links',
    '<a class="x" href="https://a.example/?b=1&amp;c">Here</a>',
    'Here (https://a.example/?b=1&c)',
  ],
  [
    'links that show their address once',
    '<a href="https://a.example">https://a.example</a> <a href=\'mailto:a@b.example\'>a@b.example</a>',
    'https://a.example a@b.example',
  ],
  ['no addresses within the page', '<a href="#top">Up</a>', 'Up'],
  ['what pictures say', '<img src="x.png" alt="A cat"><img src="y.png">', 'A cat'],
  [
    'nothing of styles, scripts and comments',
    '<head><title>T</title><style>p{}</style></head><script>x<y</script><!-- no -->Text',
    'Text',
  ],
  ['markup that is broken', '<p>Open <b>bold <p>1 < 2 & 3 > 2', 'Open bold\n\n1 < 2 & 3 > 2'],
  ['pictures only', '<p><img src="x.png"></p>', ''],
])('reads %s', (_, html, text) => {
  expect(plainTextOf(html)).toBe(text)
})

// What grows with the square would take minutes.
test('is done soon with whatever it is given', () => {
  for (const part of ['<a href="', '<', '<!--', '<style>', '&#', '<img alt="', '<a href="x">', ' ', '<p ']) {
    const begun = performance.now()
    plainTextOf(part.repeat(500_000 / part.length))
    expect([part, performance.now() - begun < 15_000]).toEqual([part, true])
  }
}, 180_000)
