import { CustomSource } from 'mediabunny'
import { AudioError } from './audio.ts'
import type { ByteSource } from './decoded.ts'

/** Reads of one and the same piece in a row. */
const MAX_REPEATS = 100
/** Reads that any file may take, and bytes of the file for each further one. */
const FREE_READS = 10_000
const BYTES_PER_READ = 4

/**
 * What mediabunny reads from. Version 1.61 looks for ever for the next element of a WebM file where junk follows the
 * last one (`resync` makes no step when eight bytes are left), reading the same piece again and again. So it may keep
 * nothing, has to ask for every piece, and is refused when it gets nowhere.
 */
export function watchedSource(source: ByteSource): CustomSource {
  let last = ''
  let repeats = 0
  let reads = 0
  return new CustomSource({
    maxCacheSize: 0,
    handleUnhandledError: () => {},
    getSize: () => source.size,
    read(start, end) {
      const piece = `${start}-${end}`
      repeats = piece === last ? repeats + 1 : 0
      last = piece
      if (repeats > MAX_REPEATS || ++reads > FREE_READS + source.size / BYTES_PER_READ) {
        throw new AudioError('hostile', 'the structure of the file leads in circles')
      }
      return source.read(start, end - start).slice()
    },
  })
}
