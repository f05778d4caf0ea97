export { ConfigurationError } from './configuration-error.ts'
export { type Config, readConfig } from './read-config.ts'
