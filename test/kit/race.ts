/** Runs `attempts` at the same time and gives what became of each: `ok`, an expected error's code, or the error itself. */
export async function race(attempts: (() => Promise<unknown>)[]): Promise<unknown[]> {
  const results = await Promise.allSettled(attempts.map((attempt) => attempt()))
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'ok'
    return (result.reason as { name?: string }).name === 'ExpectedError' ||
      (result.reason as { name?: string }).name === 'NotFoundError' ||
      (result.reason as { name?: string }).name === 'ValidationError'
      ? (result.reason as { code: string }).code
      : result.reason
  })
}
