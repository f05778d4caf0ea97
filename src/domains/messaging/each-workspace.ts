/**
 * Gives every workspace its turn, one after the other, also when it fails for some before. Returns the sum of what `run`
 * returns; throws what failed, by workspace, once all had their turn.
 */
export async function eachWorkspace<Place extends { workspaceId: string }>(
  places: readonly Place[],
  run: (place: Place) => Promise<number>,
): Promise<number> {
  let sum = 0
  const failures: Error[] = []
  for (const place of places) {
    try {
      sum += await run(place)
    } catch (cause) {
      failures.push(new Error(`of workspace ${place.workspaceId}: ${(cause as Error).message}`, { cause }))
    }
  }
  const [first] = failures
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} failed, the first ${first!.message}`)
  if (first) throw first
  return sum
}
