import { ValidationError } from '../../platform/errors.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import type { World } from '../world.ts'
import { isCountry } from './phone.ts'
import { setDefaultCountryRow } from './store.ts'

/**
 * Sets whose form telephone numbers without a country code have; null: they are refused. Numbers that are stored stay.
 * Throws INSUFFICIENT_SCOPE (`contacts:write`), VALIDATION_FAILED.
 */
export async function setDefaultCountry(world: World, viewer: Viewer, input: string | null): Promise<void> {
  requireScope(viewer, 'contacts:write')
  const country = input?.toUpperCase() ?? null
  if (country !== null && !isCountry(country)) {
    const message = 'must be a country code of two letters (ISO 3166-1), such as FI'
    throw new ValidationError([{ path: ['country'], rule: 'unknown_country', message }])
  }
  await world.events.write(viewer.workspaceId, async (tx, emit) => {
    await setDefaultCountryRow(tx, viewer.workspaceId, country, world.clock.now())
    emit('workspace.defaultCountryChanged', { country })
  })
}
