import {
  type BusinessCalendarView,
  type ContentPolicy,
  getBusinessCalendars,
  getMessageSettings,
  MAX_CALENDARS_SHOWN,
  type MessageSettings,
  setBusinessCalendar,
  updateMessageSettings,
} from '../../domains/messaging/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { CalendarInput, CalendarType, calendarPath, calendarRulesOf } from './calendar.ts'
import { COMMON_ERRORS, given } from './mutation-kit.ts'

const ContentPolicyEnum = builder.enumType('MessageContentPolicy', {
  description: 'What becomes of what is said in messages.',
  values: {
    KEEP: { value: 'keep', description: 'It is kept.' },
    ENCRYPT: { value: 'encrypt', description: "It is kept, encrypted with the server's key." },
    DROP: { value: 'drop', description: 'It is never stored; metrics do not need it.' },
  } as const satisfies Record<string, { value: ContentPolicy; description: string }>,
})

const RETENTION = 'Messages that are older than so many days are reduced to what was counted of them'
const POLICY = 'What becomes of what is said in messages that are added from now on.'
const TENANTS = 'What clients of the legacy API may name as their tenant'
const OWN_TRAFFIC = 'Whether calls, SMS and e-mails that the workspace itself sends and receives count as messages.'

const MessageSettingsType = builder.objectRef<MessageSettings>('MessageSettings').implement({
  description: 'How a workspace keeps messages.',
  fields: (t) => ({
    retentionDays: t.exposeInt('retentionDays', { nullable: true, description: `${RETENTION}; null: never.` }),
    contentPolicy: t.field({ type: ContentPolicyEnum, description: POLICY, resolve: (s) => s.contentPolicy }),
    tenants: t.exposeStringList('tenants', { description: `${TENANTS}, ascending; none: any name.` }),
    ownTraffic: t.exposeBoolean('ownTraffic', { description: OWN_TRAFFIC }),
  }),
})

const BusinessCalendar = builder.objectRef<BusinessCalendarView>('BusinessCalendar').implement({
  description:
    'A version of when the business is open, for metrics in business hours. Of the versions that were in force when a customer wrote, the last one counts.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'Counts from 1 within the workspace.' }),
    calendar: t.field({
      type: CalendarType,
      description: 'When the business is open.',
      resolve: ({ rules }) => rules,
    }),
    effectiveFrom: t.expose('effectiveFrom', { type: 'DateTime', description: 'From when on it is in force.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was set.' }),
  }),
})

builder.queryFields((t) => ({
  messageSettings: t.field({
    type: MessageSettingsType,
    description: 'How the workspace keeps messages. Needs `messages:read`.',
    resolve: (_root, _args, { world, viewer }) => getMessageSettings(world, viewer),
  }),
  businessCalendars: t.field({
    type: [BusinessCalendar],
    extensions: { listSize: 5 },
    description: `The versions of the business calendar, the newest first, at most ${MAX_CALENDARS_SHOWN}. Needs \`messages:read\`.`,
    resolve: (_root, _args, { world, viewer }) => getBusinessCalendars(world, viewer),
  }),
}))

const UpdateMessageSettingsInput = builder.inputType('UpdateMessageSettingsInput', {
  description: 'What to change of how messages are kept; absent keys stay as they are.',
  fields: (t) => ({
    retentionDays: t.int({ description: `${RETENTION}, 1 to 36500; null: never.` }),
    contentPolicy: t.field({ type: ContentPolicyEnum, description: POLICY }),
    tenants: t.stringList({ description: `${TENANTS}, up to 1000 names of up to 100 characters; none: any name.` }),
    ownTraffic: t.boolean({ description: OWN_TRAFFIC }),
  }),
})

const UpdateMessageSettingsPayload = builder.objectRef<MessageSettings>('UpdateMessageSettingsPayload').implement({
  description: 'How messages are kept was changed.',
  extensions: { payload: true },
  fields: (t) => ({
    messageSettings: t.field({ type: MessageSettingsType, description: 'All that is set now.', resolve: (s) => s }),
  }),
})

const SetBusinessCalendarInput = builder.inputType('SetBusinessCalendarInput', {
  description: 'When the business is open.',
  fields: (t) => ({
    calendar: t.field({ type: CalendarInput, required: true, description: 'The hours and the days that differ.' }),
    effectiveFrom: t.field({
      type: 'DateTime',
      description:
        'From when on it is in force, also a moment that is past: what is computed already stays until `recomputeMetrics`. Now when absent.',
    }),
  }),
})

const SetBusinessCalendarPayload = builder.objectRef<BusinessCalendarView>('SetBusinessCalendarPayload').implement({
  description: 'The calendar has another version.',
  extensions: { payload: true },
  fields: (t) => ({
    businessCalendar: t.field({ type: BusinessCalendar, description: 'The new version.', resolve: (c) => c }),
  }),
})

/** Rules are `calendar` here, and days the items of lists. */
function inCalendar<T>(calendar: typeof CalendarInput.$inferInput, run: () => Promise<T>): Promise<T> {
  return run().catch((error) => {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map((issue): Issue => {
      const [field, ...rest] = issue.path
      return field === 'rules' ? { ...issue, path: ['calendar', ...calendarPath(rest, calendar)] } : issue
    })
    throw new ValidationError(issues as [Issue, ...Issue[]])
  })
}

builder.mutationFields((t) => ({
  updateMessageSettings: t.field({
    type: UpdateMessageSettingsPayload,
    description:
      'Changes how messages are kept. What is said in earlier messages stays as it was stored; retention reaches back. Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: UpdateMessageSettingsInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input: { retentionDays, ...others } }, { world, viewer }) =>
      asData(() =>
        updateMessageSettings(world, viewer, {
          ...given(others),
          ...(retentionDays === undefined ? {} : { retentionDays }),
        }),
      ),
  }),
  setBusinessCalendar: t.field({
    type: SetBusinessCalendarPayload,
    description:
      'Adds a version of the business calendar: opening hours and holidays for metrics in business hours. Needs `messages:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: SetBusinessCalendarInput, required: true, description: 'The calendar.' }) },
    resolve: (_root, { input: { calendar, effectiveFrom } }, { world, viewer }) =>
      asData(() =>
        inCalendar(calendar, async () =>
          setBusinessCalendar(world, viewer, { rules: calendarRulesOf(calendar), effectiveFrom }),
        ),
      ),
  }),
}))
