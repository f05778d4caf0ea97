export { type CampaignAddresses, campaignAddresses, campaignWebhooks } from './campaign-webhooks.ts'
export {
  type CreateWebhookInput,
  createWebhook,
  HTTPS_REQUIRED,
  type PreparedWebhook,
  prepareWebhook,
  storeWebhook,
} from './create-webhook.ts'
export { deleteWebhook } from './delete-webhook.ts'
export { forgetAnswersOfReceivers } from './delivery-store.ts'
export { createDispatcher, type Dispatcher, type DispatcherDeps } from './dispatcher.ts'
export { type DryRun, type DryRunInput, dryRunWebhook } from './dry-run.ts'
export { disableWebhook, type EnableWebhookInput, enableWebhook } from './enable-webhook.ts'
export { type FeedDeps, feedWebhooks, moveIdleWebhooks } from './feed-webhooks.ts'
export {
  type BuildOptions,
  type BuildRequest,
  CREATABLE_FORMATS,
  type DeliveryFacts,
  type RequestBuilders,
  WEBHOOK_FORMATS,
  type WebhookFormatName,
  type WebhookRequest,
} from './format.ts'
export { getWebhook, listWebhooks } from './list-webhooks.ts'
export { pruneDeliveries } from './prune-deliveries.ts'
export { redeliver, replayWebhook } from './redeliver.ts'
export { rotateWebhookSecret } from './rotate-secret.ts'
export { standardRequest } from './standard-request.ts'
export type { WebhookView } from './store.ts'
export { type UpdateWebhookInput, updateWebhook } from './update-webhook.ts'
