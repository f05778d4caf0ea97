/** What the adapters for servers with OpenAI's protocol share; what they ask and what they make of answers is theirs. */
export { OpenAiFailure, type OpenAiFault } from './failure.ts'
export { type OpenAiOptions, type OpenAiRequest, type OpenAiServer, openAiServer, type Post } from './server.ts'
