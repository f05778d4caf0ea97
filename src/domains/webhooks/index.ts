export {
  type BuildOptions,
  type BuildRequest,
  type DeliveryFacts,
  type RequestBuilders,
  WEBHOOK_FORMATS,
  type WebhookFormatName,
  type WebhookRequest,
} from './format.ts'
