export { type AllowRule, parseAllow } from '../../platform/address-rules.ts'
export type { Resolve, ResolvedAddress } from './connector.ts'
export type { Failure } from './failure.ts'
export {
  createOutbound,
  type Outbound,
  type OutboundAnswer,
  type OutboundOptions,
  type OutboundRequest,
} from './outbound.ts'
