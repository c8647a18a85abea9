/**
 * A model as a bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), the model with its card, everything on the way as
 * data with hashes, and what depends on what.
 */
import { hexOf } from '../artifacts/keys.js';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { jsonFile } from './files.js';
import { uriOf, uuidOf } from './identifiers.js';
import { licenceUri, spdxOf } from './licences.js';
import type { ExportFormat, Source, Subject } from './types.js';
import { refWords } from '../lineage/words.js';
import { descriptionOf, licencesOf, madeOn, metricWords, slugOf, sourceWords, titleOf, writersOf } from './words.js';

export const cyclonedx: ExportFormat = {
  name: 'cyclonedx',
  title: 'CycloneDX 1.6 ML-BOM',
  of: ['model'],
  files: (subject, { version }) => [jsonFile('bom.cdx.json', billOf(subject, version))],
};

/** Kinds of artifacts that are models; all others are data to whoever reads a bill. */
const typeOf = ({ kind }: Pick<ArtifactRef, 'kind'>) => (kind === 'model' ? 'machine-learning-model' : 'data');
const hashes = (digest: Digest) => [{ alg: 'SHA-256', content: hexOf(digest) }];
const property = (name: string, value: string) => ({ name: `habsburg:${name}`, value });

function billOf(subject: Subject, version: string): object {
  const { artifact, artifacts, sources, steps } = subject;
  const made = madeOn(subject);
  const claims = new Map(sources.map((source) => [source.artifact.digest, source]));
  const others = artifacts.filter(({ digest }) => digest !== artifact.digest);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`bom of ${artifact.digest}`)}`,
    version: 1,
    metadata: {
      // of the model: a bill that is written again is the same
      ...(made !== undefined && { timestamp: made }),
      tools: { components: [{ type: 'application', name: 'habsburg', version }] },
      component: modelComponent(subject),
    },
    components: others.map((ref) => component(ref, claims.get(ref.digest))),
    externalReferences: steps.map(({ statement }) => ({ type: 'attestation', url: uriOf(statement), hashes: hashes(statement) })),
    dependencies: artifacts.map(({ digest }) => dependency(digest, subject)),
  };
}

function modelComponent(subject: Subject): object {
  const { artifact, manifest, scores, steps, places, unattested } = subject;
  const first = steps.filter(({ outputs }) => Object.values(outputs).some(({ digest }) => digest === artifact.digest));
  const inputs = [...new Map(first.flatMap(({ inputs }) => Object.values(inputs).map((ref) => [ref.digest, ref]))).values()];
  const written = writersOf(subject).length;
  return {
    'bom-ref': uriOf(artifact.digest),
    type: 'machine-learning-model',
    name: slugOf(subject),
    version: hexOf(artifact.digest).slice(0, 12),
    description: descriptionOf(subject),
    hashes: hashes(artifact.digest),
    ...licences(licencesOf(subject)),
    ...(inputs.some(({ kind }) => kind === 'model') && {
      pedigree: { ancestors: inputs.filter(({ kind }) => kind === 'model').map(({ digest, kind }) => ({ type: 'machine-learning-model', name: refWords({ digest, kind }), hashes: hashes(digest) })) }, // prettier-ignore
    }),
    modelCard: {
      modelParameters: {
        datasets: inputs.filter(({ kind }) => kind !== 'model' && kind !== 'tokenizer').map(({ digest }) => ({ ref: uriOf(digest) })),
      },
      ...(scores.length > 0 && {
        quantitativeAnalysis: {
          performanceMetrics: scores.map(({ metric, variant, version, value, n }) => ({ type: metricWords({ metric, variant, version }), value: String(value), slice: `n = ${n}` })), // prettier-ignore
        },
      }),
      considerations: {
        technicalLimitations: [
          written > 0 ? `Models wrote data in ${written} of the steps that lead to it.` : 'No step that leads to it had a model write data.',
          ...unattested.map((ref) => `Nothing is stated of how the ${refWords(ref)} was made.`),
        ],
      },
    },
    properties: [
      ...places.map((place) => property('place', titleOf({ places: [place], artifact }))),
      ...manifest.files.map(({ path, digest }) => property(`file:${path}`, digest)),
    ],
  }; // prettier-ignore
}

function component(ref: ArtifactRef, source: Source | undefined): object {
  const type = typeOf(ref);
  const name = source ? sourceWords(source) : refWords(ref);
  return {
    'bom-ref': uriOf(ref.digest),
    type,
    name,
    hashes: hashes(ref.digest),
    ...(source && licences(source.licences)),
    ...(type === 'data' && { data: [{ type: ref.kind === 'tokenizer' ? 'configuration' : 'dataset', name, contents: { url: uriOf(ref.digest) } }] }),
    ...(source && source.uris.length > 0 && { externalReferences: source.uris.map((url) => ({ type: 'distribution', url })) }),
    properties: [property('kind', ref.kind), property('bytes', String(ref.size)), ...(source?.origins ?? []).map((one) => property('origin', one))],
  }; // prettier-ignore
}

/** As claimed. SPDX's identifiers where they are some, else the words. */
function licences(claims: readonly string[]): object {
  if (claims.length === 0) return {};
  return {
    licenses: claims.map((claim) => {
      const [id, url] = [spdxOf(claim), licenceUri(claim)];
      return { license: { ...(id === undefined ? { name: claim } : { id }), ...(url !== undefined && { url }) } };
    }),
  };
}

function dependency(digest: Digest, { steps }: Subject): object {
  const made = steps.filter(({ outputs }) => Object.values(outputs).some((one) => one.digest === digest));
  const of = made.flatMap(({ inputs, sources }) =>
    [...Object.values(inputs), ...Object.values(sources)].map((ref) => uriOf(ref.digest)),
  );
  return { ref: uriOf(digest), ...(of.length > 0 && { dependsOn: [...new Set(of)] }) };
}
