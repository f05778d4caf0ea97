import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { QuestionRow, QuestionType } from '../links/index.ts'
import { acceptedType, judgeContent, SNIFF_BYTES } from './upload-type.ts'

const question = (type: QuestionType, allowed_types?: string[]) =>
  ({ type, configuration: allowed_types ? { allowed_types } : {} }) as unknown as QuestionRow

const bytes = {
  pdf: Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'),
  png: Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex'),
  jpg: Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  wav: Buffer.from('524946462400000057415645666d742010000000', 'hex'),
  webm: Buffer.from('1a45dfa39f4286810142f7810142f2810442f381084282847765626d', 'hex'),
  ogg: Buffer.concat([
    Buffer.from('4f67675300020000000000000000', 'hex'),
    Buffer.alloc(14),
    Buffer.from('OpusHead'),
    Buffer.alloc(40),
  ]),
  mp3: Buffer.concat([
    Buffer.from('fffb9064', 'hex'),
    Buffer.alloc(413),
    Buffer.from('fffb9064', 'hex'),
    Buffer.alloc(413),
  ]),
  exe: Buffer.concat([Buffer.from('4d5a90000300000004000000ffff0000', 'hex'), Buffer.alloc(64)]),
  text: Buffer.from('a,b\n1,2\nü'),
  cut: Buffer.from('grün').subarray(0, 3),
  latin: Buffer.from('gr\xfcn und blau', 'latin1'),
  binary: Buffer.from('text\0text'),
}

describe('by its content, not its name', () => {
  test.each<[keyof typeof bytes, string | null, string | undefined]>([
    ['pdf', 'x.exe', 'pdf'],
    ['png', null, 'png'],
    ['jpg', 'x.jpeg', 'jpg'],
    ['wav', 'x.txt', 'wav'],
    ['webm', null, 'webm'],
    ['exe', 'resume.pdf', 'exe'],
    ['text', 'table.csv', 'csv'],
    ['text', 'NOTES.MD', 'md'],
    ['text', null, 'txt'],
    ['text', 'fake.pdf', 'txt'],
    ['text', 'app.log', 'log'],
    ['text', 'feed.xml', 'xml'],
    ['cut', 'a.txt', 'txt'],
    ['latin', 'a.txt', undefined],
    ['binary', 'a.txt', undefined],
  ])('%s named %s is %s', async (kind, name, extension) => {
    expect((await judgeContent(bytes[kind], name))?.extension).toBe(extension)
  })
})

describe('accepted as', () => {
  test.each<[keyof typeof bytes, QuestionType, string[] | undefined, string | undefined]>([
    ['wav', 'voice', undefined, 'audio/wav'],
    ['webm', 'voice', undefined, 'audio/webm'],
    ['ogg', 'voice_text_fallback', undefined, 'audio/ogg'],
    ['mp3', 'voice', undefined, 'audio/mpeg'],
    ['pdf', 'voice', undefined, undefined],
    ['text', 'voice', undefined, undefined],
    ['binary', 'voice', undefined, undefined],
    ['pdf', 'file_upload', ['pdf', 'docx'], 'application/pdf'],
    ['pdf', 'file_upload', ['.PDF'], 'application/pdf'],
    ['jpg', 'file_upload', ['jpeg'], 'image/jpeg'],
    ['jpg', 'file_upload', ['jpg'], 'image/jpeg'],
    ['png', 'file_upload', ['pdf', 'docx'], undefined],
    ['exe', 'file_upload', ['pdf'], undefined],
    ['binary', 'file_upload', ['txt'], undefined],
    ['binary', 'file_upload', undefined, 'application/octet-stream'],
    ['binary', 'file_upload', [], 'application/octet-stream'],
    ['png', 'file_upload', undefined, 'image/png'],
  ])('%s for %s of %j: %s', async (kind, type, allowed, mediaType) => {
    expect(acceptedType(question(type, allowed), await judgeContent(bytes[kind], 'file'))).toBe(mediaType)
  })

  test('text that calls itself a PDF is not one', async () => {
    const judged = await judgeContent(bytes.text, 'fake.pdf')
    expect(acceptedType(question('file_upload', ['pdf']), judged)).toBeUndefined()
  })

  test('text is whichever kind of text its name says, and is never served as a page', async () => {
    const judged = await judgeContent(Buffer.from('<html><script>alert(1)</script>'), 'page.html')
    expect(judged?.mediaType).toBe('text/plain')
    expect(acceptedType(question('file_upload', ['csv']), await judgeContent(bytes.text, 'a.csv'))).toBe('text/csv')
  })
})

/** A ZIP archive of stored entries, in the order given. */
function zip(entries: Record<string, Buffer>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(entries)) {
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(content.length, 14)
    fields.writeUInt32LE(content.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), content])
    const central = Buffer.alloc(16)
    central.writeUInt32LE(offset, 12)
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, central.subarray(2), Buffer.from(name)]),
    )
    parts.push(local)
    offset += local.length
  }
  return Buffer.concat([...parts, ...directory])
}

describe('kinds of archive', () => {
  const types = Buffer.from(
    '<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
  )
  const picture = Buffer.alloc(200_000, 7)
  const late = zip({
    'word/media/image1.png': picture,
    '[Content_Types].xml': types,
    'word/document.xml': Buffer.from('<x/>'),
  })
  const judge = (bytes: Buffer) =>
    judgeContent(bytes.subarray(0, SNIFF_BYTES), 'x.docx', async () => Readable.from([bytes]))

  test('a document whose pictures come first is a document', async () => {
    expect((await judge(late))?.extension).toBe('docx')
  })

  test('an archive that calls itself a document is an archive', async () => {
    expect((await judge(zip({ 'a.bin': picture })))?.extension).toBe('zip')
  })

  test('old office documents are told apart by name, and only they', async () => {
    const container = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)])
    expect((await judgeContent(container, 'report.doc'))?.extension).toBe('doc')
    expect((await judgeContent(container, 'report.pdf'))?.extension).toBe('cfb')
    expect((await judgeContent(bytes.exe, 'report.doc'))?.extension).toBe('exe')
  })
})
