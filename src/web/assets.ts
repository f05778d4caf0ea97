import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import type { FastifyInstance } from 'fastify'
import { weights } from './accept.ts'
import { LANGUAGES, type Language } from './texts.ts'

/** What browsers of the last years understand: Chrome and Edge 109, Firefox 115, Safari 16.4. Others get the plain page. */
const TARGET = ['chrome109', 'firefox115', 'safari16.4']

const FOLDER = '/assets/'

interface Asset {
  path: string
  type: string
  bodies: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>
}

/**
 * The page's stylesheet, and its script in one file per language: bundled and made small once per process, so that
 * nobody has to build anything. The script is client/, which is TypeScript like all else.
 */
let made: ReadonlyMap<string, Asset> | undefined

function assets(): ReadonlyMap<string, Asset> {
  made ??= build()
  return made
}

/** Bundles now, so that no visitor waits for it, and a fault stops the start. */
export function prepareAssets(): void {
  assets()
}

/** The addresses change with the content, so that it can be kept for ever. */
export function stylePath(): string {
  return assets().get('style.css')!.path
}

export function scriptPath(language: Language): string {
  return assets().get(`${language}.js`)!.path
}

function build(): Map<string, Asset> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const { outputFiles } = buildSync({
    absWorkingDir: here,
    entryPoints: ['style.css', ...LANGUAGES.map((language) => `client/languages/${language}.ts`)],
    entryNames: '[name]',
    outdir: here,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
  })
  return new Map(
    outputFiles.map(({ path, contents }) => {
      const name = path.slice(here.length)
      return [name, assetOf(name, Buffer.from(contents))]
    }),
  )
}

function assetOf(name: string, content: Buffer): Asset {
  const [stem, extension] = name.split('.')
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  return {
    path: `${FOLDER}page-${stem}-${hash}.${extension}`,
    type: extension === 'css' ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
    bodies: { br: brotliCompressSync(content), gzip: gzipSync(content, { level: 9 }), identity: content },
  }
}

/** Serves the page's stylesheet and scripts. */
export function serveAssets(app: FastifyInstance): void {
  app.get<{ Params: { name: string } }>(`${FOLDER}:name`, (request, reply) => {
    const asset = [...assets().values()].find(({ path }) => path === FOLDER + request.params.name)
    if (!asset) return reply.callNotFound()
    const encoding = encodingOf(request.headers['accept-encoding'])
    if (encoding !== 'identity') reply.header('content-encoding', encoding)
    return reply
      .headers({
        'cache-control': 'public, max-age=31536000, immutable',
        'content-type': asset.type,
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
      })
      .send(asset.bodies[encoding])
  })
}

/** The smallest that the caller reads. */
function encodingOf(accepted: string | undefined): keyof Asset['bodies'] {
  const weighed = weights(accepted)
  return (['br', 'gzip'] as const).find((encoding) => (weighed.get(encoding) ?? 0) > 0) ?? 'identity'
}
