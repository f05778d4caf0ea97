import { type NewWorkspace, SCOPES, type Viewer } from './domains/auth/index.ts'
import { createLink } from './domains/links/index.ts'
import type { World } from './domains/world.ts'

/** A link to look at on a fresh server. Returns its slug. */
export async function createSampleLink(world: World, { workspaceId, slug }: NewWorkspace): Promise<string> {
  const viewer: Viewer = {
    workspaceId,
    workspaceSlug: slug,
    apiKeyId: world.newId(),
    credential: 'apiKey',
    scopes: new Set(SCOPES),
    expiresAt: null,
  }
  const sample = 'welcome'
  await createLink(world, viewer, {
    name: 'How was your visit?',
    slug: sample,
    language: 'en',
    settings: { description: 'Three short questions. This is a sample: change it or delete it.' },
    questions: [
      {
        prompt: 'How likely are you to recommend us?',
        type: 'rating',
        fieldKey: 'nps',
        order: 0,
        required: true,
        configuration: { scale_type: 'nps' },
      },
      {
        prompt: 'What went wrong?',
        type: 'voice_text_fallback',
        fieldKey: 'what_went_wrong',
        order: 1,
        condition: { show_if: 'field_value', field: 'nps', operator: 'less_than', value: 7 },
      },
      {
        prompt: 'What did you come for?',
        type: 'multiple_choice',
        fieldKey: 'reason',
        order: 2,
        configuration: { options: ['To buy', 'To look', 'To return something'] },
      },
      { prompt: 'May we write to you? Your e-mail address', type: 'email', fieldKey: 'email', order: 3 },
    ],
  })
  return sample
}
