import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Debian's packages of the tools that the rig starts. */
const TOOLS = { sipp: 'sip-tester', sox: 'sox', 'espeak-ng': 'espeak-ng', tcpdump: 'tcpdump' }
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const SOURCES = ['/etc/apt/sources.list', '/etc/apt/sources.list.d']

export interface AsteriskPackage {
  /** Debian's folders: `usr`, `etc`. */
  root: string
  /** The program and what goes before its own arguments: it runs with the libraries, and the loader, it came with. */
  command: [string, ...string[]]
  modules: string
  data: string
}

/**
 * Why the rig cannot run on this machine, in one line; undefined when it can, and then everything is there. Takes half a
 * minute the first time, and nothing after that. A mirror that cannot be reached is something that the machine lacks;
 * rejects when it can be, and what it has cannot be installed.
 */
export async function prepareRig(): Promise<string | undefined> {
  const lacking = await lacks()
  if (lacking) return lacking
  try {
    await installTools()
    await asteriskPackage()
    return undefined
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    const why = (stderr || message).trim().split('\n').at(-1)
    if (await isMirrorThere()) throw new Error(`the voice rig cannot be installed: ${why}`, { cause: error })
    return `the voice rig needs a mirror of Debian that can be reached: ${why}`
  }
}

async function isMirrorThere(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-mirror-'))
  try {
    await update(folder)
    return true
  } catch {
    return false
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function lacks(): Promise<string | undefined> {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'the voice rig needs Debian'
  if (process.getuid?.() !== 0) return 'the voice rig needs root: phones send, and are overheard, by raw sockets'
  for (const tool of ['setpriv', 'apt-get', 'dpkg-deb']) {
    if (!isInstalled(tool)) return `the voice rig needs ${tool}`
  }
  if (await installed()) return undefined
  if (!existsSync(KEYRING)) return `the voice rig needs ${KEYRING}`
  if (!(await debianMirror())) return 'the voice rig needs a mirror of Debian among the sources of apt'
  return undefined
}

function isInstalled(tool: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/sbin', '/bin'].some((folder) =>
    existsSync(join(folder, tool)),
  )
}

async function installTools(): Promise<void> {
  const missing = Object.entries(TOOLS).flatMap(([tool, name]) => (isInstalled(tool) ? [] : [name]))
  if (missing.length === 0) return
  // Another process may be at it.
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', [...options, 'update'], { env })
  await run('apt-get', [...options, 'install', '-y', '--no-install-recommends', ...missing], { env })
}

/** Outside the repository, for all work trees of the machine. */
function cache(): string {
  const folder = process.env.XDG_CACHE_HOME ?? (process.env.HOME && join(process.env.HOME, '.cache')) ?? tmpdir()
  return join(folder, 'saygraph-voice')
}

async function installed(): Promise<AsteriskPackage | undefined> {
  const root = join(cache(), `asterisk-${process.arch}`)
  if (!existsSync(join(root, 'usr/sbin/asterisk'))) return undefined
  const folders = await readdir(join(root, 'usr/lib'))
  const libraries = join(root, 'usr/lib', folders.find((name) => name.endsWith('-linux-gnu'))!)
  const loader = ['usr/lib64/ld-linux-x86-64.so.2', 'usr/lib/ld-linux-aarch64.so.1'].find((name) =>
    existsSync(join(root, name)),
  )
  if (!loader) return undefined
  return {
    root,
    command: [join(root, loader), '--library-path', libraries, join(root, 'usr/sbin/asterisk')],
    modules: join(libraries, 'asterisk/modules'),
    data: join(root, 'usr/share/asterisk'),
  }
}

/**
 * Asterisk 22 of Debian's suite sid, in a folder of its own; Debian 12 has none. Nothing of it is installed: an apt with
 * nothing of its own but this machine's mirror and Debian's keys downloads it with all its libraries, down to libc.
 */
export async function asteriskPackage(): Promise<AsteriskPackage> {
  const there = await installed()
  if (there) return there
  await mkdir(cache(), { recursive: true })
  const folder = await mkdtemp(join(cache(), 'download-'))
  try {
    const root = await download(folder)
    // All at once, and whoever comes first; the other has the same.
    await rename(root, join(cache(), `asterisk-${process.arch}`)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const now = await installed()
  if (!now) throw new Error(`no Asterisk for ${process.arch} in the packages of sid`)
  return now
}

/** An apt with nothing of its own in `folder` that knows what sid has. Rejects when the mirror cannot be reached. */
async function update(folder: string) {
  for (const path of ['lists/partial', 'cache/archives/partial', 'root']) {
    await mkdir(join(folder, path), { recursive: true })
  }
  // Nothing is installed here, so everything is downloaded.
  await writeFile(join(folder, 'status'), '')
  await writeFile(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${await debianMirror()} sid main\n`)
  await writeFile(join(folder, 'apt.conf'), aptConfiguration(folder))
  const options = { env: { ...process.env, APT_CONFIG: join(folder, 'apt.conf') }, maxBuffer: 16 * 1_024 ** 2 }
  await run('apt-get', ['-qq', 'update'], options)
  return options
}

async function download(folder: string): Promise<string> {
  const options = await update(folder)
  const root = join(folder, 'root')
  await run('apt-get', ['-qq', '-y', '--download-only', 'install', 'asterisk'], options)
  const archives = join(folder, 'cache/archives')
  for (const name of await readdir(archives)) {
    if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, name), root])
  }
  await run('chmod', ['-R', 'a+rX', root])
  return root
}

function aptConfiguration(folder: string): string {
  return `Dir::Etc::sourcelist "${folder}/sources.list";
Dir::Etc::sourceparts "/nonexistent";
Dir::State::lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
APT::Install-Recommends "false";
APT::Update::Error-Mode "any";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
`
}

/** The mirror of Debian that this machine's apt uses, whichever it is. */
async function debianMirror(): Promise<string | undefined> {
  const [list, folder] = SOURCES as [string, string]
  const parts = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name))
  for (const file of [list, ...parts.map((name) => join(folder, name))]) {
    const readable = await access(file).then(
      () => true,
      () => false,
    )
    if (!readable) continue
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const uri = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+)/.exec(line)?.[1]
      if (uri && /^[a-z+]+:.*\/debian\/?$/.test(uri)) return uri
    }
  }
  return undefined
}
