/** Counts what a server sends to its database: `onQuery` is for the server, `counted` tells how much a run took. */
export function statementCounter() {
  let statements = 0
  return {
    onQuery(): void {
      statements += 1
    },
    async counted<T>(run: () => Promise<T>): Promise<[T, number]> {
      const before = statements
      const result = await run()
      return [result, statements - before]
    },
  }
}
