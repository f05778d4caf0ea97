export {
  type BuildOptions,
  type DeliveryFacts,
  WEBHOOK_FORMATS,
  type WebhookFormat,
  type WebhookFormatName,
  type WebhookFormats,
  type WebhookRequest,
} from './format.ts'
