// The arrows between rooms run one way: cli, workers -> workflows, activities -> engines -> observations, kinds' hosts -> pool, data -> engine;
// artifacts, spec and kinds (what an experiment's file may say) below all; evaluations, operators, statistics (pure functions) and the settings of the
// engine below them, common below everything.

/** Settings of the engine, each beside the code that it concerns: what the grammar of experiments is made from. Loads no onnxruntime. */
const SETTINGS = [
  'engine/adapters/settings.ts',
  'engine/checkpoint/precision.ts',
  'engine/devices.ts',
  'engine/generate',
  'engine/models',
  'engine/train/losses',
  'engine/train/optimizers',
  'engine/train/schedule.ts',
  'engine/train/settings.ts',
  'engine/vae/settings.ts',
];

/** Who may import from whom; a room may always import from itself and from common/. */
const ALLOWED = {
  common: [],
  statistics: [],
  // syntax/encoded/ reads an encoder's states
  syntax: ['engine'],
  // parses as they are written down; what parses is an observation's, of which the rows say who looks
  evaluations: ['statistics', 'syntax/conllu.ts', 'observations/index.ts'],
  // rows of observations/index.ts, which loads none of them
  operators: ['observations'],
  spec: [
    // rows; spec loads no engine
    'engines/registry.ts',
    'evaluations',
    'operators',
    'kinds',
    ...SETTINGS,
  ],
  // what a file may say of its members and data; where they are computed, in a kind's host/, is below
  kinds: ['spec', 'evaluations', 'statistics', ...SETTINGS],
  signing: [],
  artifacts: ['signing'],
  engine: [],
  data: ['spec', 'kinds', 'artifacts', 'evaluations'],
  pool: ['spec', 'kinds', 'artifacts', 'data'],
  documents: ['spec', 'kinds', 'artifacts'],
  care: ['artifacts', 'signing'],
  // how long a training lasts and how rows are packed, of which follows what a fit has seen; which operators compare texts
  lineage: ['artifacts', 'documents', 'pool', 'kinds', 'data', 'operators', 'signing', 'engine/train/schedule.ts'],
  exports: ['artifacts', 'lineage', 'pool', 'signing', 'spec'],
  observations: ['spec', 'kinds', 'data', 'pool', 'engine', 'statistics', 'syntax'],
  engines: ['spec', 'kinds', 'data', 'pool', 'observations', 'engine'],
  activities: [
    'signing',
    'spec',
    'kinds',
    'artifacts',
    'data',
    'pool',
    'documents',
    'evaluations',
    'observations',
    'operators',
    'engine',
    'engines',
  ],
  report: [
    'spec',
    'kinds',
    'artifacts',
    'documents',
    'evaluations',
    'statistics',
    'data',
    'engine/generate',
    'engine/train/optimizers',
  ],
  infra: [],
};
/** The part of a kind that computes. */
const HOST = ['^kinds/host/', '^kinds/[^/]+/host/'];
const OUTSIDE = { temporal: 'node_modules/@temporalio/', s3: 'node_modules/@aws-sdk/', engine: 'node_modules/onnxruntime' };
const ROOMS = [
  'activities',
  'artifacts',
  'care',
  'cli',
  'data',
  'documents',
  'engine',
  'engines',
  'evaluations',
  'exports',
  'infra',
  'kinds',
  'lineage',
  'observations',
  'operators',
  'pool',
  'report',
  'signing',
  'spec',
  'statistics',
  'syntax',
  'workers',
  'workflows',
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one idea, or hide a third file.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(ALLOWED).map(([room, allowed]) => ({
      name: `${room}-looks-down`,
      comment: `${room}/ may import from ${['common', ...allowed].join(', ')}.`,
      severity: 'error',
      from: { path: `^${room}/`, ...(room === 'kinds' && { pathNot: HOST }) },
      to: {
        path: `^(${ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|')})/`,
        pathNot: allowed.map((place) => `^${place}(/|$)`),
      },
    })),
    {
      name: 'hosts-look-down',
      comment: 'What computes a kind may import from common, spec, its declarations, artifacts, data, pool and engine.',
      severity: 'error',
      from: { path: HOST },
      to: {
        path: `^(${ROOMS.filter((other) => !['kinds', 'spec', 'artifacts', 'data', 'pool', 'engine'].includes(other)).join('|')})/`,
      },
    },
    {
      name: 'hosts-compute-in-engines',
      comment: 'Declarations, workflows and readers of results know what a kind says, not how it is computed.',
      severity: 'error',
      from: { pathNot: [...HOST, '^(engines|observations|activities)/'] },
      to: { path: HOST, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-hold-control-flow-only',
      comment: 'Workflow code is bundled and replayed: types, spec, common and Temporal only.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: '^(workflows|spec|common)/|^kinds/chains/(blocks|seed-blocks)\\.ts$|node_modules/@temporalio/(workflow|common)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'workers-do-not-know-the-cli',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^(cli|report)/' },
    },
    {
      name: 'temporal-stays-above',
      comment:
        'Engine, engines, evaluations, kinds, operators, observations, data, pool, artifacts, spec, statistics, documents and report know no Temporal.',
      severity: 'error',
      from: {
        path: '^(engine|engines|evaluations|kinds|operators|observations|data|pool|artifacts|spec|statistics|syntax|documents|report|common)/',
      },
      to: { path: OUTSIDE.temporal },
    },
    {
      name: 's3-behind-the-store',
      comment: 'Only the artifact store and the S3 development server speak S3.',
      severity: 'error',
      from: { pathNot: '^(artifacts|infra)/' },
      to: { path: OUTSIDE.s3 },
    },
    {
      name: 'reference-without-onnxruntime',
      comment: 'What the other engine is held against must not compute with it.',
      severity: 'error',
      from: { path: '^engines/reference/' },
      to: { path: OUTSIDE.engine, reachable: true },
    },
    {
      name: 'onnxruntime-behind-the-engine',
      severity: 'error',
      from: { pathNot: '^engine/' },
      to: { path: OUTSIDE.engine },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
