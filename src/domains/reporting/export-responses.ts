import { NotFoundError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { findLinkById, findLinkByName, type LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { type FieldColumns, selectFieldColumns } from './export-columns.ts'
import { type ExportedAnswer, type ExportedResponse, lastOpened, selectExportPage } from './export-store.ts'
import type { ResponseFilter } from './response-filter.ts'

/** Responses to one link, to be written out. */
export interface ResponseExport {
  link: Pick<LinkRow, 'id' | 'name' | 'slug'>
  /** What there is of each question, in their order; replies to follow-ups after what they follow. */
  fields: FieldColumns[]
  /**
   * In the order in which they were opened, read page by page as they are taken: memory holds one page, and no transaction
   * stays open. Each time the same responses, those that were opened before the export; what is changed meanwhile is given
   * as it was or as it is.
   */
  responses(): AsyncGenerator<ExportedResponse>
}

/**
 * What there is to export of a link, named by its number, UUID or slug; by its UUID also when it was deleted. Throws
 * INSUFFICIENT_SCOPE (`responses:read`), NOT_FOUND.
 */
export async function exportResponses(
  world: World,
  viewer: Viewer,
  linkName: string,
  filter: ResponseFilter,
): Promise<ResponseExport> {
  requireScope(viewer, 'responses:read')
  const link = isUuid(linkName)
    ? await findLinkById(world.db, viewer.workspaceId, linkName)
    : await findLinkByName(world, viewer, linkName)
  if (!link) throw new NotFoundError('link', ['link'])
  return exportOf(world, link, filter)
}

/** The same for whoever was given an address that says so: nothing but the workspace bounds it. Throws NOT_FOUND. */
export async function openExport(
  world: World,
  workspaceId: string,
  linkId: string,
  filter: ResponseFilter,
): Promise<ResponseExport> {
  const link = await findLinkById(world.db, workspaceId, linkId)
  if (!link) throw new NotFoundError('link', ['link'])
  return exportOf(world, link, filter)
}

async function exportOf({ db }: World, link: LinkRow, filter: ResponseFilter): Promise<ResponseExport> {
  const of = { workspaceId: link.workspace_id, linkId: link.id, filter, until: await lastOpened(db, link) }
  const fields = await selectFieldColumns(db, of)
  return {
    link: { id: link.id, name: link.name, slug: link.slug },
    fields,
    async *responses() {
      for (let after: ExportedResponse | undefined; ; ) {
        const page = await selectExportPage(db, of, after)
        yield* page.rows
        if (page.isLast) return
        after = page.rows.at(-1)
      }
    },
  }
}

const ENDINGS: Readonly<Record<string, string>> = {
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/webm': 'webm',
}

/**
 * What the file of an answer is called within an export: a path of letters, digits and `-_.` that no name which somebody
 * sent can lead out of its folder, and that no other answer has.
 */
export function exportedFileName(responseId: string, { upload, fieldKey, place }: ExportedAnswer): string | null {
  if (!upload) return null
  const sent = /\.([A-Za-z0-9]{1,10})$/.exec(upload.fileName ?? '')?.[1]?.toLowerCase()
  const ending = ENDINGS[upload.mediaType] ?? sent ?? 'bin'
  const key = fieldKey.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60)
  return `files/${responseId}/${String(place).padStart(3, '0')}-${key}.${ending}`
}
