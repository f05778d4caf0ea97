// The rooms of src/ and who may enter whom (ARCHITECTURE.md). A room is entered by its door, index.ts, where it has one.
const room = (name) => `^src/${name}(/|\\.ts$)`
const rooms = (...names) => `^src/(${names.join('|')})(/|\\.ts$)`
/** Tests, their kits and conformance suites may enter wherever they test. */
const TESTS = '(\\.test|/test-[a-z-]+|/conformance)\\.ts$'
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: TESTS },
  to: { path: '^src/', pathNot: [from, ...allowed] },
})

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: ['\\.d\\.ts$', TESTS] }, to: {} },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^node:' },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'What runs in production is a dependency.',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev'] },
    },
    only('platform-knows-nobody', room('platform'), []),
    only('config-knows-nobody', room('config'), [room('platform')]),
    only('db-knows-no-domain', room('db'), [room('platform')]),
    only('events-know-no-domain', room('events'), [rooms('db', 'platform')]),
    only('queue-knows-no-domain', room('queue'), [rooms('db', 'platform')]),
    only('providers-speak-vendor', room('providers'), [room('platform')]),
    only('domains-look-down', room('domains'), [rooms('providers', 'queue', 'events', 'db', 'platform')]),
    only('jobs-call-domains', room('jobs'), [rooms('domains', 'providers', 'queue', 'events', 'platform')]),
    only('graphql-translates', room('graphql'), [rooms('domains', 'events', 'db', 'platform')]),
    only('rest-translates', room('rest'), [rooms('domains', 'providers', 'platform')]),
    only('web-translates', room('web'), [rooms('domains', 'providers', 'platform')]),
    {
      name: 'the-page-runs-elsewhere',
      comment:
        "The page's script is for browsers: it brings nothing of the server along but how conditions are judged.",
      severity: 'error',
      from: { path: '^src/web/client/', pathNot: TESTS },
      to: { pathNot: ['^src/web/client/', '^src/domains/links/condition\\.ts$'] },
    },
    {
      name: 'web-knows-of-its-script',
      comment: 'Only what both sides must agree on: shapes and words.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/web/client/', TESTS] },
      to: { path: '^src/web/client/', pathNot: '/(model|fault|languages/faults-[a-z]+)\\.ts$' },
    },
    {
      name: 'config-is-read-at-the-top',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/(main|compose|compose-outreach|compose-messages|price-file|server-secret|welcome|addresses)\\.ts$',
          room('config'),
          TESTS,
        ],
      },
      to: { path: room('config') },
    },
    {
      name: 'neighbours-enter-by-the-door',
      severity: 'error',
      from: { path: '^src/domains/([^/]+)/', pathNot: TESTS },
      to: { path: '^src/domains/[^/]+/', pathNot: ['^src/domains/$1/', '/index\\.ts$'] },
    },
    {
      name: 'others-enter-by-the-door',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(domains|web/client)/', TESTS] },
      to: { path: '^src/domains/[^/]+/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'events-have-a-door',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/events/', TESTS] },
      to: { path: '^src/events/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'providers-have-doors',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/providers/', TESTS] },
      to: { path: '^src/providers/[^/]+/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'reader-has-a-door',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/db/reader/', TESTS] },
      to: { path: '^src/db/reader/', pathNot: '/index\\.ts$' },
    },
    {
      name: 'vendors-of-storage-stay-apart',
      comment: 'Vendor code never touches tables, domain code never speaks vendor.',
      severity: 'error',
      from: { path: '^src/providers/' },
      to: { path: ['^src/db/', 'node_modules/(pg|@electric-sql|@prisma)/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/generated/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
}
