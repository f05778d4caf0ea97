/** What sending of any kind needs: one line where a protocol wants one, one message per id, one writer per file. */
export { gate } from './gate.ts'
export { oncePerId } from './once.ts'
export { oneLine } from './one-line.ts'
export { removeFiles, writeOnce } from './write-once.ts'
