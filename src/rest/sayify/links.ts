import { z } from 'zod'
import {
  type Condition,
  createLink,
  deleteLink,
  getLink,
  type LinkView,
  listLinks,
  QUESTION_TYPES,
} from '../../domains/links/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { bodyAnswers, deleted, invalidPage } from './common-answers.ts'
import type { SayifyDeps } from './deps.ts'
import { CREATE_LINK, LINK } from './examples.ts'
import {
  booleanField,
  choiceField,
  dictionaryField,
  integerField,
  listField,
  nameField,
  objectField,
  textField,
} from './fields.ts'
import { writeInstant } from './instants.ts'
import { pagedIfAsked, pagingQuery } from './paging.ts'
import { businessError, envelopeOf, fieldErrors, link, SETTINGS } from './schemas.ts'

const questionBody = objectField({
  prompt: textField().meta({ description: 'The text shown.' }),
  type: choiceField(QUESTION_TYPES).optional().meta({ default: 'voice', description: 'How it is answered.' }),
  response_type: choiceField(QUESTION_TYPES).optional().meta({ description: 'The same as `type`, which comes first.' }),
  field_key: textField().nullish().meta({ description: 'Default: the prompt in snake_case.' }),
  order: integerField().optional().meta({ default: 0, description: 'Display order; ties as sent.' }),
  required: booleanField().optional().meta({ default: false }),
  configuration: dictionaryField().nullish().meta({ description: 'By type.' }),
  condition: dictionaryField().nullish().meta({
    description: '`{show_if, field, operator, value}`; operators `less_than`, `equals`, `contains`.',
  }),
  enable_dynamic_probing: booleanField().optional().meta({ default: false }),
  fallback_to_text: booleanField().optional().meta({ default: true }),
  evaluator_config: dictionaryField().nullish().meta({
    description: '`{clarity_threshold, max_follow_ups, custom_fields}`.',
  }),
}).meta({ id: 'QuestionInput' })

const linkBody = objectField({
  name: nameField().meta({ description: 'Display name.' }),
  slug: textField().nullish().meta({ description: 'Default: made from the name.' }),
  status: choiceField(['active', 'paused']).optional().meta({ default: 'active' }),
  settings: dictionaryField().nullish().meta({ properties: SETTINGS }),
  questions: listField(questionBody).nullish(),
  on_finished: objectField({
    webhook_url: textField().nullish().meta({ description: 'Https; told of every submission.' }),
    webhook_secret: textField().nullish().meta({ description: 'Signs what is sent there.' }),
  }).nullish(),
}).meta({ id: 'LinkInput' })

/** What the domain calls a field, and what Sayify does. */
const NAMES = {
  fieldKey: 'field_key',
  enableDynamicProbing: 'enable_dynamic_probing',
  fallbackToText: 'fallback_to_text',
  evaluatorConfig: 'evaluator_config',
  onFinished: 'on_finished',
  webhookUrl: 'webhook_url',
  webhookSecret: 'webhook_secret',
}

export const linkParam = {
  link_uuid: {
    description: 'UUID of the link (from the create response).',
    schema: { type: 'string', format: 'uuid' },
  },
}

export function linkOperations({ world, linkUrl }: SayifyDeps): AnyOperation[] {
  const written = (workspaceSlug: string, view: LinkView) => writeLink(view, linkUrl(workspaceSlug, view.slug))
  return [
    operation({
      id: 'createLink',
      method: 'POST',
      path: '/api/v1/links/',
      tag: 'Links',
      summary: 'Create a feedback link',
      description: 'With its questions and, by `on_finished`, a webhook for its submissions: all of it or nothing.',
      scope: 'links:write',
      body: linkBody,
      example: CREATE_LINK,
      names: NAMES,
      answers: [
        { status: 201, description: 'The link.', schema: link, example: LINK },
        {
          status: 400,
          description: 'The name is missing.',
          schema: businessError,
          example: { error: 'name is required', code: 'NAME_REQUIRED' },
        },
        {
          status: 400,
          description: 'Another link has this slug.',
          schema: businessError,
          example: { error: 'Slug "product-feedback-survey" is already in use', code: 'SLUG_CONFLICT' },
        },
        {
          status: 400,
          description: 'Fields are wrong.',
          schema: fieldErrors,
          example: { questions: [{}, { prompt: ['This field is required.'] }] },
        },
        {
          status: 403,
          description: 'The workspace has as many links as its plan allows.',
          schema: businessError,
          example: { error: 'Workspace has reached its plan link quota.', code: 'LINK_LIMIT_REACHED' },
        },
        ...bodyAnswers,
      ],
      async handle({ viewer, body }) {
        const { id } = await createLink(world, viewer, linkInput(body))
        return { status: 201, body: written(viewer.workspaceSlug, await getLink(world, viewer, id)) }
      },
    }),
    operation({
      id: 'listLinks',
      method: 'GET',
      path: '/api/v1/links/',
      tag: 'Links',
      summary: 'List all links',
      description: 'Newest first. A bare array, or the paged envelope when `page` or `page_size` is sent.',
      scope: 'links:read',
      query: z.object(pagingQuery),
      answers: [
        { status: 200, description: 'The links.', schema: z.array(link), example: [LINK] },
        { status: 200, description: 'One page of them.', schema: envelopeOf('LinkPage', link) },
        invalidPage,
      ],
      handle: ({ viewer, query, request }) =>
        pagedIfAsked(request, query, async (range) => {
          const { total, links } = await listLinks(world, viewer, range)
          return { total, items: links.map((view) => written(viewer.workspaceSlug, view)) }
        }),
    }),
    operation({
      id: 'getLink',
      method: 'GET',
      path: '/api/v1/links/{link_uuid}/',
      tag: 'Links',
      summary: 'Get one link',
      scope: 'links:read',
      params: linkParam,
      answers: [{ status: 200, description: 'The link.', schema: link, example: LINK }],
      async handle({ viewer, params }) {
        return { status: 200, body: written(viewer.workspaceSlug, await getLink(world, viewer, params.link_uuid!)) }
      },
    }),
    operation({
      id: 'deleteLink',
      method: 'DELETE',
      path: '/api/v1/links/{link_uuid}/',
      tag: 'Links',
      summary: 'Delete a link',
      description: 'With its questions, for good. Responses are kept.',
      scope: 'links:write',
      params: linkParam,
      answers: [deleted('Feedback link deleted successfully')],
      async handle({ viewer, params }) {
        await deleteLink(world, viewer, params.link_uuid!)
        return { status: 200, body: { message: 'Feedback link deleted successfully' } }
      },
    }),
  ]
}

function linkInput({ name, slug, status, settings, questions, on_finished }: z.output<typeof linkBody>) {
  return {
    name,
    slug,
    status,
    settings,
    questions: questions?.map(({ type, response_type, ...question }) => ({
      prompt: question.prompt,
      type: type ?? response_type,
      fieldKey: question.field_key,
      order: question.order,
      required: question.required,
      configuration: question.configuration,
      condition: question.condition as Condition | null | undefined,
      enableDynamicProbing: question.enable_dynamic_probing,
      fallbackToText: question.fallback_to_text,
      evaluatorConfig: question.evaluator_config,
    })),
    onFinished: on_finished && { webhookUrl: on_finished.webhook_url, webhookSecret: on_finished.webhook_secret },
  }
}

function writeLink(view: LinkView, publicUrl: string) {
  return {
    uuid: view.id,
    name: view.name,
    slug: view.slug,
    status: view.status,
    settings: view.settings,
    questions: view.questions.map((question) => ({
      uuid: question.id,
      prompt: question.prompt,
      field_key: question.fieldKey,
      response_type: question.type,
      configuration: question.configuration,
      order: question.order,
      required: question.required,
      condition: question.condition,
      enable_dynamic_probing: question.enableDynamicProbing,
      fallback_to_text: question.fallbackToText,
      evaluator_config: question.evaluatorConfig,
      date_created: writeInstant(question.createdAt),
      date_updated: writeInstant(question.updatedAt),
    })),
    response_count: view.responseCount,
    public_url: publicUrl,
    date_created: writeInstant(view.createdAt),
    date_updated: writeInstant(view.updatedAt),
  }
}
