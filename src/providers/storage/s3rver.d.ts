declare module 's3rver' {
  import type { IncomingMessage, Server } from 'node:http'
  import type { AddressInfo } from 'node:net'

  /** What a request stores, as its filesystem store sees it. */
  interface StoredObject {
    bucket: string
    key: string
  }

  export default class S3rver {
    constructor(options: {
      address?: string
      port?: number
      silent?: boolean
      directory?: string
      serviceEndpoint?: string
      configureBuckets?: { name: string }[]
    })
    /** It is a Koa application. */
    middleware: ((
      context: { req: IncomingMessage; status: number; body: unknown },
      next: () => Promise<void>,
    ) => Promise<void>)[]
    httpServer: Server
    store: { putObject(object: StoredObject): Promise<unknown> }
    run(): Promise<AddressInfo>
    close(): Promise<void>
  }
}
