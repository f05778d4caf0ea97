import { createServer } from 'node:http'
import pg from 'pg'
import { COLUMNS } from './bare-pool.ts'

/** The floor: reads the body, parses its JSON, inserts one row by a prepared statement, answers. Nothing is checked. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL) })

const INSERT = {
  name: 'insert',
  text: `INSERT INTO bare_pool (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
}

createServer((request, response) => {
  if (request.method !== 'POST') return response.end()
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', async () => {
    const body = JSON.parse(Buffer.concat(parts).toString())
    await pool.query({
      ...INSERT,
      values: [
        ...[body.direction, body.channel, body.tenantChannelIdentifier, body.customerChannelIdentifier, body.provider],
        ...[body.time, body.agent, body.tags, body.conversation, body.businessHours, body.timeZone, body.message],
      ],
    })
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end('""')
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
