import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { addCampaign } from '../../../test/graph/campaign-rows.ts'
import { testDatabase } from '../../../test/kit/database.ts'
import { worldOn } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { createWorkspace, SCOPES, type Viewer } from '../../domains/auth/index.ts'
import { recordingKey } from '../../domains/campaigns/index.ts'
import { createLink, findLinkById } from '../../domains/links/index.ts'
import { openSession, tokenSigner, uploadAnswer } from '../../domains/responses/index.ts'
import { FakeClock } from '../../platform/clock.ts'
import { createLogger } from '../../platform/logger.ts'
import { fakeAudio } from '../../providers/audio/index.ts'
import { createStorage } from '../../providers/storage/index.ts'
import { audioFileName, mediaPlugin, signMediaUrl, signRecordingUrl } from './index.ts'

const db = await testDatabase()
const clock = new FakeClock('2026-06-01T12:00:00Z')
const world = worldOn(db, clock)
const { newId } = world
const folder = await mkdtemp(join(tmpdir(), 'saygraph-media-'))
const storage = createStorage({ adapter: 'files', folder })
const secret = Buffer.alloc(32, 9)
const signer = tokenSigner(secret)
const app = Fastify()
await app.register(mediaPlugin({ world, storage, secret, logger: createLogger('silent') }))
await app.listen({ port: 0, host: '127.0.0.1' })
const publicUrl = new URL(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

const { workspaceId } = await createWorkspace(world, { slug: 'acme', name: 'Acme' })
const other = await createWorkspace(world, { slug: 'other', name: 'Other' })
const viewer: Viewer = {
  workspaceId,
  workspaceSlug: 'acme',
  apiKeyId: newId(),
  credential: 'apiKey',
  scopes: new Set(SCOPES),
  expiresAt: null,
}

async function upload(type: 'voice' | 'file_upload', fileName: string, bytes: Buffer): Promise<string> {
  const { id } = await createLink(world, viewer, { name: fileName, questions: [{ prompt: 'F', type }] })
  const link = (await findLinkById(db, workspaceId, id))!
  const { token } = await openSession(world, signer, link, { channel: 'web' })
  const deps = { world, signer, storage, audio: fakeAudio(), maxUploadBytes: 1_000_000 }
  const source = (async function* () {
    yield bytes
  })()
  return (await uploadAnswer(deps, link, { token, fieldKey: 'f', fileName, source })).uploadId
}

const RIFF = Buffer.from('UklGRkQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YSAAAAA=', 'base64')
const WAV = Buffer.concat([RIFF, Buffer.from('0123456789abcdefghijklmnopqrstuv')])
const voice = await upload('voice', 'visit.wav', WAV)
const address = (uploadId = voice, ttlSeconds?: number) =>
  signMediaUrl({ publicUrl, secret, clock, workspaceId, uploadId, ttlSeconds })

describe('signed addresses', () => {
  it('serve what was stored, as it was judged', async () => {
    const response = await fetch(address())
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=3600',
      'content-length': String(WAV.length),
      'content-type': 'audio/wav',
      'x-content-type-options': 'nosniff',
    })
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
    expect(response.headers.get('content-disposition')).toBeNull()
    expect(Buffer.from(await response.arrayBuffer())).toEqual(WAV)
    const head = await fetch(address(), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(WAV.length)])
  })

  it('play what was made of a recording, once it was, and open the recording itself as before', async () => {
    const uploadId = await upload('voice', 'two.wav', WAV)
    const read = async (fileName?: string) => {
      const response = await fetch(signMediaUrl({ publicUrl, secret, clock, workspaceId, uploadId, fileName }))
      return [response.status, response.headers.get('content-type'), await response.text()]
    }
    const original = [200, 'audio/wav', WAV.toString()]
    expect([await read('audio.mp3'), await read('audio-16khz.wav'), await read()]).toEqual([
      original,
      original,
      original,
    ])
    const key = `uploads/${workspaceId}/${uploadId}`
    for (const form of ['mp3', 'wav']) {
      await storage.write(
        `${key}.${form}`,
        (async function* () {
          yield Buffer.from(`the ${form}`)
        })(),
      )
    }
    await db.query(sql`UPDATE upload SET mp3_size = 7, wav_size = 7 WHERE id = ${uploadId}::uuid`)
    expect(await read('audio.mp3')).toEqual([200, 'audio/mpeg', 'the mp3'])
    expect(await read('audio-16khz.wav')).toEqual([200, 'audio/wav', 'the wav'])
    expect(await read('audio.wav')).toEqual(original)
    expect(await read('visit.webm')).toEqual(original)
    expect(await read()).toEqual(original)
    const address = signMediaUrl({ publicUrl, secret, clock, workspaceId, uploadId, fileName: 'audio.mp3' })
    const part = await fetch(address, { headers: { range: 'bytes=4-6' } })
    expect([part.status, await part.text()]).toEqual([206, 'mp3'])
    const elsewhere = address.replace(workspaceId, other.workspaceId)
    expect((await fetch(elsewhere)).status).toBe(403)
  })

  it('hand over what is not shown as a download, under its name', async () => {
    const name = `räport "1" (final)*'.html`
    const id = await upload('file_upload', name, Buffer.from('<script>alert(1)</script>'))
    const response = await fetch(address(id))
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(response.headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''r%C3%A4port%20%221%22%20%28final%29%2A%27.html",
    )
  })

  it.each([
    ['bytes=0-3', 206, 'bytes 0-3', 'RIFF'],
    ['bytes=44-53', 206, 'bytes 44-53', '0123456789'],
    ['bytes=70-', 206, 'bytes 70-75', 'qrstuv'],
    ['bytes=70-9999', 206, 'bytes 70-75', 'qrstuv'],
    ['bytes=-2', 206, 'bytes 74-75', 'uv'],
    ['bytes=-9999', 206, 'bytes 0-75', undefined],
    ['bytes=76-', 416, 'bytes *', ''],
    ['bytes=-0', 416, 'bytes *', ''],
    ['bytes=5-4', 200, null, undefined],
    ['bytes=0-1,3-4', 200, null, undefined],
    ['bytes=-', 200, null, undefined],
    ['lines=0-1', 200, null, undefined],
  ])('answer the range %s with %i', async (range, status, contentRange, content) => {
    const response = await fetch(address(), { headers: { range } })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-range')).toBe(contentRange && `${contentRange}/${WAV.length}`)
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.toString('latin1')).toBe(content ?? WAV.toString('latin1'))
    const head = await fetch(address(), { method: 'HEAD', headers: { range } })
    expect(head.status).toBe(status)
    if (status !== 416) expect(head.headers.get('content-length')).toBe(String(bytes.length))
  })

  it('work for what they were signed for, until they expire', async () => {
    const code = async (url: URL | string) => {
      const response = await fetch(url)
      const { error } = (await response.json()) as { error: { code: string } }
      expect(response.headers.get('cache-control')).toBe('no-store')
      return [response.status, error.code]
    }
    const refused = [403, 'UNAUTHENTICATED']
    const changed = (change: (url: URL) => void) => {
      const url = new URL(address())
      change(url)
      return url
    }
    const second = await upload('voice', 'second.wav', WAV)
    expect(await code(changed((url) => url.searchParams.set('expires', '9999999999')))).toEqual(refused)
    expect(await code(changed((url) => url.searchParams.set('workspace', other.workspaceId)))).toEqual(refused)
    expect(await code(changed((url) => url.searchParams.delete('signature')))).toEqual(refused)
    expect(await code(changed((url) => url.searchParams.append('expires', '1')))).toEqual(refused)
    expect(await code(changed((url) => Object.assign(url, { pathname: `/media/${second}` })))).toEqual(refused)
    expect(await code(changed((url) => url.searchParams.set('signature', 'x')))).toEqual(refused)
    const url = address(voice, 60)
    clock.advance(59_000)
    const live = await fetch(url)
    expect([live.status, live.headers.get('cache-control')]).toEqual([200, 'private, max-age=1'])
    clock.advance(1_000)
    expect(await code(url)).toEqual(refused)
    expect(await code(address(newId()))).toEqual([404, 'NOT_FOUND'])
    expect(await code(address('nonsense'))).toEqual([404, 'NOT_FOUND'])
    const foreign = signMediaUrl({ publicUrl, secret, clock, workspaceId: other.workspaceId, uploadId: voice })
    expect(await code(foreign)).toEqual([404, 'NOT_FOUND'])
  })

  it('may last, and may end in a name that decides nothing', async () => {
    const sign = (fileName?: string) =>
      signMediaUrl({ publicUrl, secret, clock, workspaceId, uploadId: voice, ttlSeconds: null, fileName })
    const lasting = sign(audioFileName('audio/wav'))
    expect(lasting).toMatch(new RegExp(`^${publicUrl.origin}/media/${voice}/audio\\.wav\\?`))
    clock.advance(100 * 365 * 86_400_000)
    for (const url of [lasting, sign(), sign('any/näme?.mp3'), lasting.replace('audio.wav', 'other.mp3')]) {
      const response = await fetch(url)
      expect([response.status, response.headers.get('content-type')], url).toEqual([200, 'audio/wav'])
      expect(response.headers.get('cache-control')).toBe('private, max-age=3600')
    }
    expect((await fetch(lasting, { method: 'HEAD' })).status).toBe(200)
    clock.advance(-100 * 365 * 86_400_000)
    const sooner = new URL(lasting)
    sooner.searchParams.set('expires', '253402300798')
    expect((await fetch(sooner)).status).toBe(403)
  })

  it.each([
    ['audio/mpeg', 'audio.mp3'],
    ['audio/mp4', 'audio.m4a'],
    ['audio/ogg', 'audio.ogg'],
    ['audio/webm', 'audio.webm'],
    ['image/png', undefined],
  ])('name recordings of the type %s %s', (mediaType, name) => {
    expect(audioFileName(mediaType)).toBe(name)
  })

  it('say that bytes are gone', async () => {
    const id = await upload('voice', 'gone.wav', WAV)
    await storage.delete(`uploads/${workspaceId}/${id}`)
    const response = await fetch(address(id))
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
  })

  it('play recordings of calls while there is something to play, in parts as well', async () => {
    const contactId = newId()
    await db.query(
      sql`INSERT INTO contact (id, workspace_id, legacy_id, name, created_at, updated_at)
          VALUES (${contactId}::uuid, ${workspaceId}::uuid, 77, 'Ann', ${clock.now()}, ${clock.now()})`,
    )
    const row = { workspaceId, contactId, voiceFileId: newId(), word: 'x', at: clock.now() }
    const { recording } = await addCampaign(db, 'rsvp', row)
    await db.query(sql`UPDATE recording SET size = ${WAV.length}::int WHERE id = ${recording}::uuid`)
    const sign = (id = recording, owner = workspaceId) =>
      signRecordingUrl({ publicUrl, secret, clock, workspaceId: owner, recordingId: id })
    const code = async (url: URL | string) => {
      const response = await fetch(url)
      return [response.status, ((await response.json()) as { error: { code: string } }).error.code]
    }
    // It is said to be there before its bytes are: then it is not.
    expect(await code(sign())).toEqual([404, 'NOT_FOUND'])
    await storage.write(
      recordingKey(workspaceId, recording),
      (async function* () {
        yield WAV
      })(),
    )
    const whole = await fetch(sign())
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'audio/wav'])
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(WAV)
    const part = await fetch(sign(), { headers: { range: 'bytes=44-47' } })
    expect([part.status, await part.text()]).toEqual([206, '0123'])

    const moved = new URL(sign())
    moved.pathname = moved.pathname.replace(recording, newId())
    expect(await code(moved)).toEqual([403, 'UNAUTHENTICATED'])
    // What is signed for an upload opens no recording.
    const asUpload = new URL(address(recording))
    asUpload.pathname = new URL(sign()).pathname
    expect(await code(asUpload)).toEqual([403, 'UNAUTHENTICATED'])
    expect(await code(sign(newId()))).toEqual([404, 'NOT_FOUND'])
    expect(await code(sign(recording, other.workspaceId))).toEqual([404, 'NOT_FOUND'])
    await db.query(sql`UPDATE recording SET state = 'lost' WHERE id = ${recording}::uuid`)
    expect(await code(sign())).toEqual([404, 'NOT_FOUND'])
  })
})

describe('an address that many play from', () => {
  it('is the same within its time, never works shorter than asked, and changes then', () => {
    const at = (time: string) =>
      new URL(
        signMediaUrl({
          ...{ publicUrl, secret, workspaceId, uploadId: workspaceId, ttlSeconds: 600, sharedSeconds: 3_600 },
          clock: new FakeClock(`2026-06-01T${time}Z`),
        }),
      )
    expect(at('12:00:01').href).toBe(at('12:49:59').href)
    expect(at('12:50:01').href).not.toBe(at('12:49:59').href)
    for (const time of ['12:00:01', '12:49:59', '12:50:01']) {
      const left = Number(at(time).searchParams.get('expires')) - Date.parse(`2026-06-01T${time}Z`) / 1_000
      expect(left).toBeGreaterThanOrEqual(600)
      expect(left).toBeLessThanOrEqual(600 + 3_600)
    }
  })
})
