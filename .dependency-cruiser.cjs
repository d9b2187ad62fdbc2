/** The floors: imports only go down, vendors do not know each other, and there is no circle, not even of types. */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/core/' },
      to: {
        pathNot: [
          '^src/core/',
          'node_modules/(canonicalize|libphonenumber-js|finnish-ssn|finnish-business-ids|temporal-polyfill)/',
          '^(node:)?(crypto|url)$',
        ],
      },
    },
    {
      name: 'connectors-stand-on-core',
      severity: 'error',
      from: { path: '^src/connectors/' },
      to: { path: '^src/', pathNot: '^src/(core|connectors)/' },
    },
    {
      name: 'vendors-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/connectors/([^/]+)/' },
      to: { path: '^src/connectors/([^/]+)/', pathNot: '^src/connectors/$1/' },
    },
    {
      name: 'store-stands-on-core',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/', pathNot: '^src/(core|store)/' },
    },
    {
      name: 'jobs-stand-on-connectors-and-store',
      severity: 'error',
      from: { path: '^src/jobs/' },
      to: { path: '^src/', pathNot: '^src/(core|connectors|store|jobs)/' },
    },
    {
      name: 'jobs-use-contracts-not-vendors',
      severity: 'error',
      from: { path: '^src/(jobs|server|cli)/' },
      to: { path: '^src/connectors/[^/]+/' },
    },
    {
      name: 'server-stands-on-jobs',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/', pathNot: '^src/(core|connectors|store|jobs|server)/' },
    },
    {
      name: 'cli-stands-on-core',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: '^src/', pathNot: '^src/(core|cli)/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['^src/main\\.ts$', '^src/server/console/assets/'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
