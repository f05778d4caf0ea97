import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { ARI_PASSWORD, ARI_USER } from './rig/asterisk-configuration.ts'
import { asteriskPackage } from './rig/asterisk-package.ts'
import { describeVoice } from './rig/describe-voice.ts'
import { type Rig, startRig } from './rig/rig.ts'

const run = promisify(execFile)

/** The blocks of a document by their info string, such as `ini file=pjsip.conf`. */
function blocksOf(markdown: string): Map<string, string> {
  return new Map([...markdown.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(([, info, text]) => [info!, text!]))
}

const DOCUMENT = blocksOf(readFileSync(new URL('../../docs/asterisk.md', import.meta.url), 'utf8'))

function block(info: string): string {
  const text = DOCUMENT.get(info)
  if (text === undefined) throw new Error(`docs/asterisk.md has no block ${info}`)
  return text
}

/** All of the document that is replaced; each must be there. */
function replaced(text: string, changes: Record<string, string>): string {
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`not in the document: ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

describeVoice('docs/asterisk.md', { timeout: 120_000 }, () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** Asterisk as its package installs it, with the files of the document. */
  async function startAsterisk(trunk: string): Promise<Rig> {
    const { root } = await asteriskPackage()
    const rig = await startRig({
      configure(files) {
        const [bind, contact] = files['pjsip.conf']!.match(/127\.0\.0\.1:\d+/g)!
        const [, port] = files['http.conf']!.match(/bindport = (\d+)/)!
        const [, log] = files['asterisk.conf']!.match(/astlogdir => (.+)/)!
        const own = files['asterisk.conf']!
        for (const name of Object.keys(files)) delete files[name]
        // What the package brings, as far as it is one file; the folders are the rig's.
        const defaults = join(root, 'etc/asterisk')
        for (const entry of readdirSync(defaults, { withFileTypes: true })) {
          if (entry.isFile()) files[entry.name] = readFileSync(join(defaults, entry.name), 'utf8')
        }
        files['asterisk.conf'] = own
        for (const [info, text] of DOCUMENT) {
          const [, name] = info.match(/^ini file=(\S+)$/) ?? []
          if (name) files[name] = text
        }
        files['pjsip.conf'] = replaced(files['pjsip.conf']!, { '0.0.0.0:5060': bind! })
        files['pjsip_trunk.conf'] = replaced(block(trunk), { 'sip.provider.example:5060': contact! }).replaceAll(
          'sip.provider.example',
          '127.0.0.1',
        )
        files['http.conf'] = replaced(files['http.conf']!, { 8088: port! })
        files['ari.conf'] = replaced(files['ari.conf']!, { 'CHANGE-ME': ARI_PASSWORD })
        // As the document has it made.
        mkdirSync(join(log!, 'cel-custom'), { recursive: true })
      },
    })
    closers.push(() => rig.close())
    return rig
  }

  const curl = async (command: string) => JSON.parse((await run('bash', ['-c', command])).stdout)

  test('from empty folders to the first call', async () => {
    const rig = await startAsterisk('ini file=pjsip_trunk.conf')
    const info = replaced(block('sh run=info'), { 'http://127.0.0.1:8088': rig.ari.url, 'CHANGE-ME': ARI_PASSWORD })
    expect(await curl(info)).toMatchObject({ system: { version: rig.asterisk.version } })
    const folder = await mkdtemp(join(tmpdir(), 'docs-asterisk-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const port = String(await freePort())
    const environment = replaced(block('sh file=environment'), {
      'http://127.0.0.1:8088': rig.ari.url,
      ':4000': `:${port}`,
      '_CHANGE-ME-TOO': '_only-for-tests',
      'CHANGE-ME': ARI_PASSWORD,
      '/var/log/asterisk': join(rig.folder, 'log'),
    })
    const env = Object.fromEntries(
      environment
        .split('\n')
        .filter((line) => /^[A-Z]/.test(line))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
    expect(env.ASTERISK_USER).toBe(ARI_USER)
    const server: ServerProcess = await startServer({ DATA_DIR: folder, ...env, PORT: port })
    closers.push(() => server.stop())

    const number = '+358401230205'
    const here = { 'http://127.0.0.1:4000': server.url, '_CHANGE-ME-TOO': '_only-for-tests' }
    const made = await curl(replaced(block('sh run=call'), { ...here, '+358401234567': number }))
    const { id } = made.data.createVoiceBroadcast.campaign
    const ask = replaced(block('sh run=outcome'), { ...here, 'THE-ID': id })
    const settled = await vi.waitFor(
      async () => {
        const { data } = await curl(ask)
        expect(data.campaign).toMatchObject({
          receivers: { nodes: [{ outcome: 'ACCEPTED', calls: [{ state: 'ENDED', cause: 'ANSWERED' }] }] },
        })
        return data.campaign
      },
      { timeout: 60_000, interval: 500 },
    )
    expect(settled.state).toBe('COMPLETED')
    const [call, ...others] = await vi.waitFor(async () => {
      const calls = await rig.phones.calls()
      expect(calls[0]!.ended).toBeDefined()
      return calls
    }, 20_000)
    expect([call, others]).toMatchObject([{ number, from: env.ASTERISK_CALLER_ID, ended: 'by-caller' }, []])
    // It was told something.
    expect((await rig.phones.heard(call!)).filter((sample) => Math.abs(sample) > 1_000).length).toBeGreaterThan(1_000)
    const written = async () => (await readFile(env.ASTERISK_CALL_RECORDS!, 'utf8')).match(/^"\w+"/gm)
    const records = ['"CHAN_START"', '"ANSWER"', '"HANGUP"', '"CHAN_END"']
    await vi.waitFor(async () => expect(await written()).toEqual(records), 20_000)
    expect(await complaints(rig)).toEqual([])
    expect(server.log()).toBe('')
  })

  test('a trunk that wants a registration is understood, too', async () => {
    const rig = await startAsterisk('ini file=pjsip_trunk.conf variant=registration')
    // There is no registrar here; what was read is shown.
    const authorization = `Basic ${Buffer.from(`${ARI_USER}:${ARI_PASSWORD}`).toString('base64')}`
    for (const kind of ['endpoint', 'aor', 'auth', 'registration']) {
      const url = `${rig.ari.url}/ari/asterisk/config/dynamic/res_pjsip/${kind}/trunk`
      expect([kind, (await fetch(url, { headers: { authorization } })).status]).toEqual([kind, 200])
    }
    expect(await complaints(rig)).toEqual([])
  })

  async function complaints({ folder }: Rig): Promise<string[]> {
    const log = await readFile(join(folder, 'log/messages.log'), 'utf8')
    // The rig copies no folders.
    return log.split('\n').filter((line) => line.includes('ERROR') && !line.includes('manager.d'))
  }
})
