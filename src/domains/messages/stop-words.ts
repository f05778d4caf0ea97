const STOP = new Set([
  ...['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE'],
  ...['STOPP', 'LOPETA'],
])
const START = new Set(['START', 'UNSTOP', 'ALOITA'])

/** What a person who texts back wants: a message that is one of these words and nothing else, however it is written. */
export function wishOf(text: string): 'stop' | 'start' | undefined {
  const word = text
    .normalize('NFKC')
    .replace(/[\p{P}\p{S}\p{Z}\p{C}\s]+/gu, ' ')
    .trim()
    .toUpperCase()
  if (STOP.has(word)) return 'stop'
  return START.has(word) ? 'start' : undefined
}
