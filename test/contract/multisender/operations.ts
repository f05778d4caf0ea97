import type { Scope } from '../../../src/domains/auth/index.ts'

/** Every documented operation, by its number in contract/multisender.md 4, with the scope that a key of ours needs. */
export const OPERATIONS: [n: number, method: string, path: string, scope: Scope | null, success: number][] = [
  [1, 'GET', '/v1/accounts', 'contacts:read', 200],
  [2, 'GET', '/v1/accounts/{accountId}', 'contacts:read', 200],
  [3, 'POST', '/v1/accounts', 'contacts:write', 201],
  [4, 'PUT', '/v1/accounts/{accountId}', 'contacts:write', 200],
  [5, 'DELETE', '/v1/accounts/{accountId}', 'contacts:write', 204],
  [6, 'DELETE', '/v1/accounts', 'contacts:write', 204],
  [7, 'POST', '/v1/accounts/filters', 'contacts:write', 201],
  [8, 'GET', '/v1/accounts/filters', 'contacts:read', 200],
  [9, 'GET', '/v1/accounts/filters/{filterId}', 'contacts:read', 200],
  [10, 'DELETE', '/v1/accounts/filters/{filterId}', 'contacts:write', 201],
  [11, 'GET', '/v1/groups/{groupId}/accounts', 'contacts:read', 200],
  [12, 'POST', '/v1/groups/{groupId}/accounts', 'contacts:write', 201],
  [13, 'DELETE', '/v1/groups/{groupId}/{accountId}', 'contacts:write', 204],
  [14, 'GET', '/v1/groups', 'contacts:read', 200],
  [15, 'GET', '/v1/groups/{groupId}', 'contacts:read', 200],
  [16, 'POST', '/v1/groups', 'contacts:write', 201],
  [17, 'PUT', '/v1/groups/{groupId}', 'contacts:write', 200],
  [18, 'DELETE', '/v1/groups/{groupId}', 'contacts:write', 204],
  [34, 'POST', '/v1/login', null, 201],
  [49, 'GET', '/v1/subusers', 'subusers:read', 200],
  [50, 'GET', '/v1/subusers/{subuserId}', 'subusers:read', 200],
  [51, 'POST', '/v1/subusers', 'subusers:write', 201],
  [52, 'PUT', '/v1/subusers/{subuserId}', 'subusers:write', 200],
  [53, 'DELETE', '/v1/subusers/{subuserId}', 'subusers:write', 204],
  [54, 'GET', '/v1/voice_files', 'voiceFiles:read', 200],
  [55, 'GET', '/v1/voice_files/{voiceFileId}', 'voiceFiles:read', 200],
  [56, 'GET', '/v1/voice_files/text_to_speech/voice_codes', 'voiceFiles:read', 200],
  [57, 'POST', '/v1/voice_files/text_to_speech', 'voiceFiles:write', 201],
  [58, 'POST', '/v1/voice_files', 'voiceFiles:write', 201],
  [59, 'PUT', '/v1/voice_files/{voiceFileId}', 'voiceFiles:write', 200],
  [60, 'DELETE', '/v1/voice_files/{voiceFileId}', 'voiceFiles:write', 204],
]

/** What is served besides, at paths of documented operations, for other readings of the documentation. */
export const TOLERATED = ['PUT /v1/accounts/filters/{filterId}', 'DELETE /v1/groups/{groupId}/accounts']

/** Further paths of documented operations: by these, what the canonical path is. */
export const ALIASES: Readonly<Record<string, string>> = {
  '/v1/auth': '/v1/login',
  '/v1/authenticate': '/v1/login',
  '/v1/tokens': '/v1/login',
  '/v1/groups/{groupId}/accounts/{accountId}': '/v1/groups/{groupId}/{accountId}',
  '/v1/subusers/{subuserId}/accounts': '/v1/subusers/{subuserId}',
  '/v1/voice_files/upload': '/v1/voice_files',
}
