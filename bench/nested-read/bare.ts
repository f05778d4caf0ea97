import { createServer } from 'node:http'
import pg from 'pg'

/** The floor: no GraphQL, no keys, no validation. One prepared statement, whose JSON PostgreSQL builds, sent as it is. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL) })
const { rows: workspaces } = await pool.query('SELECT id FROM workspace')
const workspaceId: string = workspaces[0].id

const text = `
  SELECT coalesce(json_agg(json_build_object(
           'id', l.id, 'name', l.name, 'slug', l.slug, 'status', l.status, 'responseCount', l.response_count,
           'questions', (
             SELECT coalesce(json_agg(json_build_object(
                      'id', q.id, 'prompt', q.prompt, 'fieldKey', q.field_key, 'type', q.type,
                      'required', q.required, 'order', q."order")), '[]')
             FROM (SELECT * FROM question q WHERE q.workspace_id = l.workspace_id AND q.link_id = l.id
                   ORDER BY q."order", q.id) q))), '[]')::text AS nodes
  FROM (SELECT * FROM link WHERE workspace_id = $1 AND deleted_at IS NULL
        ORDER BY created_at DESC, id DESC LIMIT $2) l`

createServer(async (request, response) => {
  if (request.url === '/health/ready') return response.end()
  const { rows } = await pool.query({ name: 'links', text, values: [workspaceId, 20] })
  const body = Buffer.from(`{"data":{"links":{"nodes":${rows[0].nodes}}}}`)
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length })
  response.end(body)
}).listen(Number(process.env.PORT), '127.0.0.1')
