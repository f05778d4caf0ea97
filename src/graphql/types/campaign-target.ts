import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage } from '../connection.ts'
import { Campaign } from './campaign.ts'

const CampaignTargetKindEnum = builder.enumType('CampaignTargetKind', {
  description: 'What a target of a campaign is.',
  values: {
    CONTACT: { value: 'contact', description: 'One person.' },
    LIST: { value: 'list', description: 'Whoever was on a list when it was added.' },
    SEGMENT: { value: 'segment', description: 'Whoever was in a segment when it was added.' },
  } as const,
})

export const CampaignTarget = builder.prismaNode('CampaignTarget', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Whom a campaign was told to address, as it was told. The people it stands for are its `receivers`.',
  fields: (t) => ({
    campaign: t.relation('campaign', { type: Campaign, description: 'The campaign, also a deleted one.' }),
    legacyId: t.exposeInt('legacyId', {
      description: 'Its number in the APIs that number things; unique in the workspace.',
    }),
    kind: t.field({
      type: CampaignTargetKindEnum,
      description: 'What it is.',
      select: { kind: true },
      resolve: ({ kind }) => kind,
    }),
    position: t.exposeInt('position', { description: 'Its place among the targets of the campaign, from 0.' }),
    contact: t.relation('contact', {
      nullable: true,
      description: 'The person, also a deleted one; null: it is none.',
    }),
    contactList: t.relation('list', { nullable: true, description: 'The list, also a deleted one; null: it is none.' }),
    segment: t.relation('segment', {
      nullable: true,
      description: 'The segment, also a deleted one; null: it is none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
  }),
})

const TARGETS_PAGE = connectionTypes(CampaignTarget, 'CampaignTarget', 'targets')
const TARGETS: Order = { name: 'campaignTargets', column: 'position', direction: 'asc', type: 'integer' }

builder.prismaInterfaceField(Campaign, 'targets', (t) =>
  t.connection(
    {
      type: CampaignTarget,
      description: 'Whom it was told to address, in the order in which they were given.',
      ...relationPage('campaign', 'targets', 'CampaignTarget', TARGETS),
    },
    ...TARGETS_PAGE,
  ),
)
