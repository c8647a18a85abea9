/**
 * A dataset with its description in Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html), with PROV and RAI
 * terms for what it was made of.
 */
import { RECORDS_FILE } from '../pool/records.js';
import { filesUnder, jsonFile } from './files.js';
import { stepType, uriOf } from './identifiers.js';
import { licenceUri } from './licences.js';
import { refWords, stepWords } from '../lineage/words.js';
import type { ExportFormat, Source, StatedStep, Subject } from './types.js';
import { claimWords, descriptionOf, licencesOf, madeOn, makersOf, slugOf, sourceWords, writersOf } from './words.js';

export const croissant: ExportFormat = {
  name: 'croissant',
  title: 'Croissant 1.1 with PROV and RAI terms',
  of: ['dataset', 'source'],
  files: (subject) => [...filesUnder('', subject.artifact), jsonFile('croissant.json', described(subject))],
};

function described(subject: Subject): object {
  const { artifact } = subject;
  const licences = licencesOf(subject);
  const made = madeOn(subject);
  return {
    '@context': CONTEXT,
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.1',
    name: slugOf(subject),
    description: descriptionOf(subject),
    identifier: uriOf(artifact.digest),
    // a digest has one version
    version: '1.0.0',
    ...(made === undefined ? {} : { datePublished: made }),
    ...(licences.length === 0 ? {} : { license: licences.map((claim) => licenceUri(claim) ?? claim) }),
    ...provenance(subject),
    ...responsible(subject),
    distribution: artifact.files.map(({ path, digest, size }) => ({
      '@type': 'cr:FileObject',
      '@id': path,
      name: path,
      contentUrl: path,
      contentSize: `${size} B`,
      encodingFormat: formatOf(path),
      sha256: digest.slice('sha256:'.length),
    })),
    recordSet: recordSets(subject),
  };
}

/** What it was made of: directly, and the sources at the end, with their licences. */
function provenance(subject: Subject): object {
  const makers = makersOf(subject);
  const sources = subject.sources.filter(({ artifact }) => artifact.digest !== subject.artifact.digest);
  const inputs = new Map(makers.flatMap(({ inputs }) => Object.values(inputs).map((ref) => [ref.digest, ref])));
  const derived = [...[...inputs.values()].map((ref) => ({ '@id': uriOf(ref.digest), 'prov:label': refWords(ref) })), ...sources.map(sourceEntity)]; // prettier-ignore
  return {
    ...(derived.length === 0 ? {} : { 'prov:wasDerivedFrom': derived }),
    ...(makers.length === 0 ? {} : { 'prov:wasGeneratedBy': makers.map(activity) }),
  };
}

function sourceEntity(source: Source): object {
  return {
    '@id': uriOf(source.artifact.digest),
    '@type': 'prov:Entity',
    'prov:label': sourceWords(source),
    ...(source.licences.length === 0 ? {} : { 'sc:license': source.licences.map((claim) => licenceUri(claim) ?? claim) }),
    ...(source.uris.length === 0 ? {} : { 'sc:url': source.uris }),
  };
}

function activity(step: StatedStep): object {
  return {
    '@type': 'prov:Activity',
    '@id': uriOf(step.statement),
    'prov:type': stepType(step),
    'prov:label': stepWords(step),
    'prov:startedAtTime': step.invocation.startedOn,
    'prov:endedAtTime': step.invocation.finishedOn,
    'prov:used': [...Object.values(step.inputs), ...Object.values(step.sources)].map(({ digest }) => ({ '@id': uriOf(digest) })),
    'prov:wasAssociatedWith': { '@type': 'prov:SoftwareAgent', '@id': uriOf(step.code.digest), 'prov:label': `habsburg ${step.code.version}` }, // prettier-ignore
  };
}

/** Whether a model wrote any of it is known where a step says so; what a source holds only its claimant knows. */
function responsible(subject: Subject): object {
  const { sources } = subject;
  const writers = writersOf(subject);
  const makers = makersOf(subject);
  const synthetic = sources.filter(({ origins }) => origins.includes('synthetic'));
  const collected = [
    ...makers.map((step) => `${stepWords(step)}, as the statement ${step.statement} says.`),
    ...(sources.length > 0 ? [`In the end of ${sources.map(claimWords).join('; ')}.`] : []),
  ];
  return {
    ...(collected.length === 0 ? {} : { 'rai:dataCollection': collected.join(' ') }),
    ...(writers.length + synthetic.length === 0
      ? {}
      : {
          'rai:dataCollectionType': ['Synthetic data generation'],
          'rai:hasSyntheticData': true,
          'rai:syntheticDataExplanation': explained(writers, synthetic),
        }),
  };
}

function explained(writers: readonly StatedStep[], synthetic: readonly Source[]): string {
  const last = writers.slice(-8).map(stepWords).join('; ');
  return [
    ...(writers.length === 0
      ? []
      : [
          `Models wrote data in ${writers.length} of the steps that lead to it: ${last}${writers.length > 8 ? ', and earlier ones' : ''}.`,
          'The origin of each record names its writer, if there is one, by the digest of the model.',
        ]),
    ...synthetic.map((source) => `${sourceWords(source)} is claimed to be synthetic.`),
  ].join(' ');
}

const formatOf = (path: string): string =>
  path.endsWith('.jsonl') ? 'application/jsonlines' : path.endsWith('.json') ? 'application/json' : path.endsWith('.parquet') ? 'application/vnd.apache.parquet' : path === 'text' ? 'text/plain' : 'application/octet-stream'; // prettier-ignore

type Field = readonly [
  name: string,
  type: 'sc:Text' | 'sc:Integer' | 'sc:Float',
  more?: { readonly repeated?: true; readonly within?: string },
];

/** Of every record; of a text; of a point. */
const HEAD: readonly Field[] = [
  ['id', 'sc:Text'],
  ...(['kind', 'source', 'member', 'model'] as const).map((name): Field => [name, 'sc:Text', { within: 'origin' }]),
  ['generation', 'sc:Integer', { within: 'origin' }],
];
const REST: Readonly<Record<string, Field>> = {
  text: ['text', 'sc:Text'],
  tokens: ['tokens', 'sc:Integer', { repeated: true }],
  point: ['point', 'sc:Float', { repeated: true }],
};

/** The fields of a record are those that the first one has. */
function recordSets({ manifest, firstRecord }: Subject): object[] {
  if (manifest.kind !== 'dataset' || firstRecord === undefined) return [];
  const fields = [...HEAD, ...Object.keys(firstRecord).flatMap((key) => (Object.hasOwn(REST, key) ? [REST[key]] : []))];
  return [
    {
      '@type': 'cr:RecordSet',
      '@id': 'records',
      name: 'records',
      key: { '@id': 'records/id' },
      field: fields.map(([name, dataType, { repeated, within } = {}]) => {
        const id = within === undefined ? name : `${within}-${name}`;
        return {
          '@type': 'cr:Field',
          '@id': `records/${id}`,
          name: id,
          dataType,
          ...(repeated && { isArray: true, arrayShape: '-1' }),
          source: {
            fileObject: { '@id': RECORDS_FILE },
            extract: { column: within ?? name },
            ...(within === undefined ? {} : { transform: { jsonPath: name } }),
          },
        };
      }),
    },
  ];
}

/** The specification's own. */
const CONTEXT = {
  '@language': 'en',
  '@vocab': 'https://schema.org/',
  annotation: 'cr:annotation',
  arrayShape: 'cr:arrayShape',
  citeAs: 'cr:citeAs',
  column: 'cr:column',
  conformsTo: 'dct:conformsTo',
  containedIn: 'cr:containedIn',
  cr: 'http://mlcommons.org/croissant/',
  data: { '@id': 'cr:data', '@type': '@json' },
  dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
  dct: 'http://purl.org/dc/terms/',
  equivalentProperty: 'cr:equivalentProperty',
  examples: { '@id': 'cr:examples', '@type': '@json' },
  excludes: 'cr:excludes',
  extract: 'cr:extract',
  field: 'cr:field',
  fileObject: 'cr:fileObject',
  fileProperty: 'cr:fileProperty',
  fileSet: 'cr:fileSet',
  format: 'cr:format',
  includes: 'cr:includes',
  isArray: 'cr:isArray',
  isLiveDataset: 'cr:isLiveDataset',
  jsonPath: 'cr:jsonPath',
  key: 'cr:key',
  md5: 'cr:md5',
  parentField: 'cr:parentField',
  path: 'cr:path',
  prov: 'http://www.w3.org/ns/prov#',
  rai: 'http://mlcommons.org/croissant/RAI/',
  readLines: 'cr:readLines',
  recordSet: 'cr:recordSet',
  references: 'cr:references',
  regex: 'cr:regex',
  repeated: 'cr:repeated',
  replace: 'cr:replace',
  samplingRate: 'cr:samplingRate',
  sc: 'https://schema.org/',
  separator: 'cr:separator',
  source: 'cr:source',
  subField: 'cr:subField',
  transform: 'cr:transform',
  unArchive: 'cr:unArchive',
  value: 'cr:value',
};
