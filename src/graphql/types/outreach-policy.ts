import {
  type ContactCap,
  type EffectivePolicy,
  getOutreachPolicy,
  type OutreachLimits,
  type OutreachPolicy,
  type QuietHours,
  updateOutreachPolicy,
} from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { COMMON_ERRORS } from './mutation-kit.ts'

const FROM = 'When they begin on the wall clock where the person is, `HH:MM`; included.'
const TO = 'When they end, `HH:MM`; not included. Before `from` it is on the next day.'
const CONTACTS = 'At most so many calls, SMS and e-mails to one person, by all campaigns together, 1 to 1000.'
const DAYS = 'In any stretch of so many times 24 hours, 1 to 366.'
const COUNTRIES = 'The only countries whose numbers are called and texted, ISO 3166-1 alpha-2'
const SPEND_CAP =
  "What calls, SMS and e-mail of the workspace may cost in a calendar month (UTC), in cents by the server's prices"
const LINES = 'Calls of the workspace at one time'

const QuietHoursType = builder.objectRef<QuietHours>('QuietHours').implement({
  description:
    'Hours in which nobody is called or texted: those of every time zone of the country that the number belongs to.',
  fields: (t) => ({
    from: t.exposeString('from', { description: FROM }),
    to: t.exposeString('to', { description: TO }),
  }),
})

const ContactCapType = builder.objectRef<ContactCap>('ContactCap').implement({
  description: 'How often one person may be contacted.',
  fields: (t) => ({
    contacts: t.exposeInt('contacts', { description: CONTACTS }),
    days: t.exposeInt('days', { description: DAYS }),
  }),
})

const OutreachPolicyType = builder.objectRef<OutreachPolicy>('OutreachPolicy').implement({
  description: 'Limits to outreach that somebody has set; null is no limit of theirs.',
  fields: (t) => ({
    quietHours: t.field({
      type: QuietHoursType,
      nullable: true,
      description: 'When nobody is called or texted.',
      resolve: (policy) => policy.quietHours,
    }),
    countries: t.stringList({
      nullable: true,
      description: `${COUNTRIES}.`,
      resolve: ({ countries }) => countries && [...countries],
    }),
    contactCap: t.field({
      type: ContactCapType,
      nullable: true,
      description: 'How often one person may be contacted.',
      resolve: (policy) => policy.contactCap,
    }),
    monthlySpendCapCents: t.exposeFloat('monthlySpendCapCents', { nullable: true, description: `${SPEND_CAP}.` }),
    lines: t.exposeInt('lines', { nullable: true, description: `${LINES}.` }),
  }),
})

const EffectivePolicyType = builder.objectRef<EffectivePolicy>('EffectiveOutreachPolicy').implement({
  description: 'The limits to outreach that hold: what server and workspace have set, together.',
  fields: (t) => ({
    quietHours: t.field({
      type: [QuietHoursType],
      description: 'When nobody is called or texted, at most 2; all hold.',
      resolve: (policy) => [...policy.quietHours],
    }),
    countries: t.stringList({
      nullable: true,
      description: `${COUNTRIES}; null: all. None when server and workspace have no country in common.`,
      resolve: ({ countries }) => countries && [...countries],
    }),
    contactCaps: t.field({
      type: [ContactCapType],
      description: 'How often one person may be contacted, at most 2; all hold.',
      resolve: (policy) => [...policy.contactCaps],
    }),
    monthlySpendCapCents: t.exposeFloat('monthlySpendCapCents', {
      nullable: true,
      description: `${SPEND_CAP}; null: no limit.`,
    }),
    lines: t.exposeInt('lines', { nullable: true, description: `${LINES}; null: no limit.` }),
  }),
})

const OutreachLimitsType = builder.objectRef<OutreachLimits>('OutreachLimits').implement({
  description: 'What limits the outreach of a workspace, and whose limit it is.',
  fields: (t) => ({
    own: t.field({
      type: OutreachPolicyType,
      description: 'What the workspace has set for itself; it can only be stricter than its server.',
      resolve: (limits) => limits.own,
    }),
    server: t.field({
      type: OutreachPolicyType,
      description: 'What the operator of the server allows.',
      resolve: (limits) => limits.server,
    }),
    effective: t.field({
      type: EffectivePolicyType,
      description: 'What holds: all limits of both.',
      resolve: (limits) => limits.effective,
    }),
    spentCents: t.exposeFloat('spentCents', {
      description:
        'What the workspace has spent in this calendar month (UTC), in cents, with the most that calls under way can cost.',
    }),
  }),
})

builder.queryField('outreachLimits', (t) =>
  t.field({
    type: OutreachLimitsType,
    description: 'What limits the outreach of the workspace. Needs `campaigns:read`.',
    resolve: (_root, _args, { campaigns, viewer }) => getOutreachPolicy(campaigns, viewer),
  }),
)

const QuietHoursInput = builder.inputType('QuietHoursInput', {
  description: 'Hours in which nobody is called or texted. They may cross midnight.',
  fields: (t) => ({
    from: t.string({ required: true, description: FROM }),
    to: t.string({ required: true, description: `${TO} Not equal to \`from\`.` }),
  }),
})

const ContactCapInput = builder.inputType('ContactCapInput', {
  description: 'How often one person may be contacted.',
  fields: (t) => ({
    contacts: t.int({ required: true, description: CONTACTS }),
    days: t.int({ required: true, description: DAYS }),
  }),
})

const UpdateOutreachPolicyInput = builder.inputType('UpdateOutreachPolicyInput', {
  description:
    "What to change of the workspace's own limits; absent keys stay as they are, null takes the own limit away.",
  fields: (t) => ({
    quietHours: t.field({ type: QuietHoursInput, description: 'When nobody is called or texted.' }),
    countries: t.stringList({ description: `${COUNTRIES}; 1 to 300.` }),
    contactCap: t.field({ type: ContactCapInput, description: 'How often one person may be contacted.' }),
    monthlySpendCapCents: t.float({
      description: `${SPEND_CAP}, with up to 4 decimals; 0: nothing that costs anything.`,
    }),
    lines: t.int({ description: `${LINES}, 1 to 100,000.` }),
  }),
})

const UpdateOutreachPolicyPayload = builder
  .objectRef<Omit<OutreachLimits, 'spentCents'>>('UpdateOutreachPolicyPayload')
  .implement({
    description: "The workspace's own limits were changed.",
    extensions: { payload: true },
    fields: (t) => ({
      own: t.field({
        type: OutreachPolicyType,
        description: 'All that the workspace has set for itself now.',
        resolve: (limits) => limits.own,
      }),
      effective: t.field({
        type: EffectivePolicyType,
        description: 'What holds now: also the limits of the server, which may be stricter.',
        resolve: (limits) => limits.effective,
      }),
    }),
  })

builder.mutationField('updateOutreachPolicy', (t) =>
  t.field({
    type: UpdateOutreachPolicyPayload,
    description:
      'Changes the limits that the workspace sets to its own outreach, besides those of the server. Attempts under way go on. Needs `campaigns:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: UpdateOutreachPolicyInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { campaigns, viewer }) => asData(() => updateOutreachPolicy(campaigns, viewer, args.input)),
  }),
)
