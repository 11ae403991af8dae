// Who may import whom. Every rule says why; test/tooling/boundaries.test.ts proves that the rules are looked at.

const ours = '^(src|projections|schema|clients|test|bench|examples|scripts)/'
/** Tests, and the servers and stores that they share. */
const tests = '(\\.test|ForTests)\\.ts$'

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one thing: join them, or take out what both need.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolves',
      comment: 'What is imported must be there.',
      severity: 'error',
      // What the peers of the benches and the clients among the examples need is installed by those, in folders of their own.
      from: { path: ours, pathNot: '^(bench/peers|examples/(apollo|event-source|graphql-ws|relay|urql))/' },
      // That one package has types only, so there is no module to find.
      to: { couldNotResolve: true, pathNot: '^@graphql-typed-document-node/core$' },
    },
    {
      name: 'domain-is-pure',
      comment: 'The rules know nothing of stores, servers or read models.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: tests },
      to: { path: ours, pathNot: '^src/domain/' },
    },
    {
      name: 'domain-without-io',
      comment: 'No I/O, no clock, no randomness in the rules: of Node only what computes.',
      severity: 'error',
      from: { path: '^src/domain/', pathNot: tests },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|util|buffer|url)$' },
    },
    {
      name: 'projections-are-folds',
      comment: 'A read model knows events, and the shape in which documents are kept.',
      severity: 'error',
      from: { path: '^projections/', pathNot: tests },
      to: { path: ours, pathNot: '^(projections/|src/domain/|src/documents/port\\.ts$)' },
    },
    {
      name: 'eventstore-engines-know-their-port',
      comment: 'An engine of the log can be exchanged: it knows itself, the ports and the rules.',
      severity: 'error',
      from: { path: '^src/eventstore/([^/]+)/', pathNot: tests },
      to: { path: ours, pathNot: '^(src/eventstore/$1/|src/eventstore/[^/]+\\.ts$|src/keys/port\\.ts$|src/domain/)' },
    },
    {
      name: 'documents-engines-know-their-port',
      comment: 'An engine of the read models can be exchanged: it knows itself, the ports and the rules.',
      severity: 'error',
      from: { path: '^src/documents/([^/]+)/', pathNot: tests },
      to: {
        path: ours,
        pathNot: '^(src/documents/$1/|src/documents/[^/]+\\.ts$|src/eventstore/port\\.ts$|src/domain/)',
      },
    },
    {
      name: 'engines-are-chosen-in-one-place',
      comment:
        'Only where the parts are joined is it known which engine there is, and in backups, which are of the embedded one.',
      severity: 'error',
      from: {
        path: '^(src|projections|schema|clients)/',
        pathNot: `^src/(eventstore|documents)/[^/]+/|^src/keys/|^src/engines\\.ts$|^src/backup/|${tests}`,
      },
      to: { path: '^src/((eventstore|documents)/[^/]+/|keys/(?!port\\.ts$))' },
    },
    {
      name: 'schema-asks',
      comment: 'The API calls commands, queries and feeds, and knows what a position is. It reads and writes no store.',
      severity: 'error',
      from: { path: '^schema/', pathNot: tests },
      to: { path: '^src/(eventstore|documents|projecting|processes|http|cli)/', pathNot: '^src/eventstore/port\\.ts$' },
    },
    {
      name: 'commands-read-through-facts',
      comment:
        'What a command may know of read models is exact for the revision it decides against, or it is not known. commands.ts only hands them on.',
      severity: 'error',
      from: { path: '^src/commands/', pathNot: `^src/commands/(facts|commands)\\.ts$|${tests}` },
      to: { path: '^src/(documents/[^/]+/|projecting/|queries/|live/|http/)' },
    },
    {
      name: 'the-server-is-the-root',
      comment: 'Parts are joined in server.ts; a part that imports it would hold everything.',
      severity: 'error',
      from: { path: ours, pathNot: `^src/(main|cli/start)\\.ts$|^(test|bench|examples)/|${tests}` },
      to: { path: '^src/server\\.ts$' },
    },
    {
      name: 'clients-are-outside',
      comment: 'A client uses what any other client could: the SDK and the generated types.',
      severity: 'error',
      from: { path: '^clients/', pathNot: tests },
      to: { path: ours, pathNot: '^clients/|/generated/' },
    },
    {
      name: 'clients-share-only-the-sdk',
      comment: 'Clients do not know each other.',
      severity: 'error',
      from: { path: '^clients/([^/]+)/', pathNot: tests },
      to: { path: '^clients/', pathNot: '^clients/($1|sdk)/|/generated/' },
    },
    {
      name: 'the-sdk-is-light',
      comment: 'Pages load it: graphql-ws is all that it needs, and Node only where files are kept.',
      severity: 'error',
      from: { path: '^clients/sdk/', pathNot: `^clients/sdk/fileStorage\\.ts$|${tests}` },
      to: { path: '^(node:|[a-z_/]+$)|node_modules/', pathNot: 'node_modules/graphql-ws/' },
    },
    {
      name: 'parley-does-not-need-its-tests',
      comment: 'What runs depends on nothing that is only there to test, measure or show it.',
      severity: 'error',
      from: { path: '^(src|projections|schema|clients)/', pathNot: tests },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    {
      name: 'no-development-packages',
      comment: 'A production install does not have them.',
      severity: 'error',
      from: { path: '^(src|projections|schema)/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '/@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|bench/node_modules|examples/[^/]+/node_modules|data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
