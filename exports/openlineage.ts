/**
 * Every statement of a step as a run of OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json), for catalogues: an event when
 * it began and one when it ended, a JSON object a line.
 */
import { TYPES } from '../artifacts/in-toto.js';
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { uuidOf } from './identifiers.js';
import type { ExportFormat, Source, StatedStep, Subject } from './types.js';
import { refWords } from '../lineage/words.js';
import { sourceWords } from './words.js';

const NAMESPACE = 'habsburg';
const PRODUCER = `${TYPES}/worker`;
const EVENT = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';

export const openlineage: ExportFormat = {
  name: 'openlineage',
  title: 'OpenLineage 2-0-2 events',
  files(subject) {
    if (subject.steps.length === 0)
      throw new HabsburgError('invalid', `no step led to the ${refWords(subject.artifact)}: there is no event to tell of`);
    const lines = eventsOf(subject).map((event) => `${JSON.stringify(event)}\n`);
    return [{ path: 'openlineage.ndjson', bytes: Buffer.from(lines.join('')) }];
  },
};

/** In the order of their times, as a consumer would have received them. */
function eventsOf({ steps, sources }: Subject): object[] {
  const known = new Map(sources.map((source) => [source.artifact.digest, source]));
  const events = steps.flatMap((step) => {
    const { startedOn, finishedOn } = step.invocation;
    const inputs = [
      ...Object.values(step.inputs).map((ref) => dataset(ref)),
      ...Object.values(step.sources).map((ref) => dataset(ref, known.get(ref.digest))),
    ];
    const both = { producer: PRODUCER, schemaURL: EVENT, run: runOf(step), job: jobOf(step), inputs };
    return [
      { eventType: 'START', eventTime: startedOn, ...both, outputs: [] },
      { eventType: 'COMPLETE', eventTime: finishedOn, ...both, outputs: Object.values(step.outputs).map(written) },
    ];
  });
  const order = (event: (typeof events)[number]) => Date.parse(event.eventTime);
  return events.sort((a, b) => order(a) - order(b));
}

/** A facet of the specification, of a version that its file has. */
const facet = (name: string, version: string, fields: object) => ({
  _producer: PRODUCER,
  _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
  ...fields,
});

function runOf(step: StatedStep): object {
  const { statement, key, seed, generation, member, engineFingerprint, code, invocation } = step;
  const parameters = {
    statement,
    key,
    seed,
    generation,
    member,
    engineFingerprint,
    code: code.digest,
    invocation: invocation.id,
  };
  return {
    // of the statement, so that exporting again tells of the same run
    runId: uuidOf(statement),
    facets: {
      ...parentOf(invocation.id),
      processing_engine: facet('ProcessingEngineRunFacet', '1-1-1', { name: 'Habsburg', version: code.version }),
      executionParameters: facet('ExecutionParametersRunFacet', '1-0-0', {
        parameters: Object.entries(parameters).map(([name, value]) => ({ key: name, value: String(value) })),
      }),
    },
  };
}

/** Temporal's run, whose id is a UUID: namespace, workflow, run, activity and attempt with slashes between them; workflows have some, too. */
function parentOf(invocation: string): object {
  const [, namespace, name, runId] =
    /^([^/]+)\/(.+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/[^/]+\/[^/]+$/.exec(invocation) ?? [];
  if (runId === undefined) return {};
  return { parent: facet('ParentRunFacet', '1-2-0', { run: { runId }, job: { namespace, name } }) };
}

const jobOf = ({ step, stepVersion }: StatedStep): object => ({
  namespace: NAMESPACE,
  name: `${step}/v${stepVersion}`,
  facets: { jobType: facet('JobTypeJobFacet', '2-0-4', { processingType: 'BATCH', integration: 'HABSBURG', jobType: 'STEP' }) },
});

interface Dataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets: object;
}

function dataset({ kind, digest }: Pick<ArtifactRef, 'kind' | 'digest'>, source?: Source): Dataset {
  const tags = [
    ...(source?.licences ?? []).map((value) => ({ key: 'licence', value })),
    ...(source?.origins ?? []).map((value) => ({ key: 'origin', value })),
  ];
  return {
    namespace: NAMESPACE,
    name: `${kind}/${hexOf(digest)}`,
    facets: {
      version: facet('DatasetVersionDatasetFacet', '1-0-1', { datasetVersion: digest }),
      ...(source && {
        dataSource: facet('DatasourceDatasetFacet', '1-0-1', {
          name: sourceWords(source),
          ...(source.uris.length > 0 && { uri: source.uris[0] }),
        }),
      }),
      // as claimed
      ...(tags.length > 0 && { tags: facet('TagsDatasetFacet', '1-0-0', { tags }) }),
    },
  };
}

const written = (artifact: StatedStep['outputs'][string]): object => ({
  ...dataset(artifact),
  outputFacets: {
    outputStatistics: facet('OutputStatisticsOutputDatasetFacet', '1-0-2', {
      size: artifact.size,
      fileCount: artifact.files.length,
    }),
  },
});
