import { type Api, answerPath, Refused, Unreachable } from './api.ts'

/**
 * Files by tus 1.0.0 (core, creation, termination), so that an upload goes on where it stopped: after a lost network,
 * a reload, a closed tab. A server that knows no tus gets the file as one plain upload.
 */
export interface Sending {
  key: string
  blob: Blob
  name: string
  /** Where an earlier attempt had begun. */
  url: string | undefined
  /** Told where the server takes the file, before its first byte goes. */
  begun: (url: string | undefined) => Promise<void>
  /** 0 to 1. */
  progress: (part: number) => void
  signal: AbortSignal
}

const VERSION = { 'tus-resumable': '1.0.0' }
/** One request is not much larger than what a weak network carries in a minute. */
const PIECE_BYTES = 4_000_000
/** Without a byte of progress for so long, a request is given up. The server listens to a whole recording meanwhile. */
const SILENCE_MS = 60_000

/** Throws Refused, Unreachable, or the reason of the signal. */
export async function sendFile(api: Api, sending: Sending): Promise<void> {
  const { blob, progress } = sending
  let { url } = sending
  let offset = 0
  if (url !== undefined) {
    const known = await offsetOf(api, url, sending)
    if (known === undefined) {
      if (await arrived(api, sending)) return
      url = undefined
    } else offset = known
  }
  if (url === undefined) {
    url = await create(api, sending)
    if (url === undefined) return sendWhole(api, sending)
    await sending.begun(url)
  }
  do {
    const piece = blob.slice(offset, offset + PIECE_BYTES)
    const from = offset
    const answer = await request(api, sending, 'PATCH', url, {
      headers: { ...VERSION, 'upload-offset': String(from), 'content-type': 'application/offset+octet-stream' },
      body: piece,
      progress: (sent) => progress((from + sent) / blob.size),
    })
    if (answer.status === 409) {
      // A request of ours that was believed lost came further or less far, or is still at work.
      const known = await offsetOf(api, url, sending)
      if (known === from) throw new Error('the server is still at work on this upload')
      offset = known ?? offset
      continue
    }
    if (answer.status === 404 || answer.status === 410) {
      if (await arrived(api, sending)) return
      await sending.begun(undefined)
      throw new Error('the server has let go of this upload; the next attempt begins anew')
    }
    if (answer.status >= 300) throw refusal(answer)
    offset = from + piece.size
  } while (offset < blob.size)
}

/** Takes back what was begun and not finished. Never throws: an upload that nobody finishes is swept by the server. */
export async function abandon(api: Api, url: string): Promise<void> {
  try {
    await fetch(url, { method: 'DELETE', headers: { ...VERSION, ...(await api.headers()) } })
  } catch {}
}

/** The address of a new upload; undefined when the server takes files in one piece only. */
async function create(api: Api, sending: Sending): Promise<string | undefined> {
  const answer = await request(api, sending, 'POST', `${api.base}${answerPath(sending.key)}/uploads`, {
    headers: {
      ...VERSION,
      'upload-length': String(sending.blob.size),
      'upload-metadata': `filename ${base64(sending.name)}`,
    },
  })
  const location = answer.getResponseHeader('location')
  if (answer.status === 201 && location !== null) return new URL(location, window.location.href).href
  const isUnknownRoute = answer.status === 405 || (answer.status === 404 && !isEnvelope(answer))
  if (isUnknownRoute) return undefined
  throw refusal(answer)
}

/** How many bytes the server has; undefined when it no longer knows of the upload. */
async function offsetOf(api: Api, url: string, sending: Sending): Promise<number | undefined> {
  const answer = await request(api, sending, 'HEAD', url, { headers: VERSION })
  if (answer.status === 404 || answer.status === 410) return undefined
  const offset = answer.getResponseHeader('upload-offset')
  if (answer.status >= 300 || offset === null) throw refusal(answer)
  return Number(offset)
}

/** Whether the file is the answer already: its last piece arrived, and only the word of it was lost. */
async function arrived(api: Api, { key, blob }: Sending): Promise<boolean> {
  const { answers } = await api.session()
  return answers[key]?.upload?.size === blob.size
}

async function sendWhole(api: Api, sending: Sending): Promise<void> {
  const address = `${api.base}${answerPath(sending.key)}/upload?filename=${encodeURIComponent(sending.name)}`
  const answer = await request(api, sending, 'PUT', address, {
    headers: { 'content-type': sending.blob.type || 'application/octet-stream' },
    body: sending.blob,
    progress: (sent) => sending.progress(sent / sending.blob.size),
  })
  if (answer.status >= 300) throw refusal(answer)
}

interface Options {
  headers: Record<string, string>
  body?: Blob
  progress?: (bytes: number) => void
}

/** By XMLHttpRequest, since fetch does not say how much of a body has gone. */
async function request(
  api: Api,
  { signal }: Sending,
  method: string,
  url: string,
  { headers, body, progress }: Options,
): Promise<XMLHttpRequest> {
  const all = { accept: 'application/json', ...headers, ...(await api.headers()) }
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const xhr = new XMLHttpRequest()
    const stop = () => xhr.abort()
    let timer = setTimeout(stop, SILENCE_MS)
    xhr.open(method, url)
    for (const [name, value] of Object.entries(all)) xhr.setRequestHeader(name, value)
    xhr.upload.onprogress = ({ loaded }) => {
      clearTimeout(timer)
      timer = setTimeout(stop, SILENCE_MS)
      progress?.(loaded)
    }
    xhr.onload = () => resolve(xhr)
    xhr.onerror = () => reject(new Unreachable())
    xhr.onabort = () => reject(signal.aborted ? signal.reason : new Unreachable())
    xhr.onloadend = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
    signal.addEventListener('abort', stop)
    xhr.send(body ?? null)
  })
}

function refusal(answer: XMLHttpRequest): Refused {
  return new Refused(answer.status, parsed(answer))
}

function isEnvelope(answer: XMLHttpRequest): boolean {
  const error = (parsed(answer) as { error?: unknown } | null)?.error
  return typeof error === 'object' && error !== null
}

function parsed(answer: XMLHttpRequest): unknown {
  try {
    return JSON.parse(answer.responseText)
  } catch {
    return null
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
