export { type Config, ConfigurationError, readConfig } from './read-config.ts'
