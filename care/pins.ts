/** Pins: what a store keeps because somebody said so, with the reason. */
import { z } from 'zod';
import { artifactRef } from '../artifacts/shapes.js';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { whileWriting } from '../artifacts/writers.js';
import { HabsburgError } from '../common/errors.js';

const SCHEMA = 'habsburg.pin/v1';
const ROOT = 'pins/';

const pinDocument = z.object({
  schema: z.literal(SCHEMA),
  name: z.string(),
  reason: z.string(),
  /** as it was given, for people */
  target: z.string(),
  /** whose documents no retention policy lets go */
  experiment: z.string().optional(),
  /** kept with everything that they were made of */
  artifacts: z.array(artifactRef),
  /** when, by the clock of who pinned it */
  pinned: z.string(),
});
export type Pin = Omit<z.infer<typeof pinDocument>, 'schema'>;

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

function nameOf(name: string): string {
  if (NAME.test(name)) return `${ROOT}${name}`;
  throw new HabsburgError(
    'invalid',
    `a pin is named with lower-case letters, digits and . _ -, at most 100; ${JSON.stringify(name)} is not`,
  );
}

/** @throws 'invalid' where the name is taken; 'verification' where an artifact is not in the store whole */
export async function pin(store: ArtifactStore, one: Pin): Promise<void> {
  const name = nameOf(one.name);
  const digests = one.artifacts.map(({ digest }) => digest);
  await whileWriting(store, digests, async (writing) => {
    for (const artifact of one.artifacts) await assertThere(store, artifact);
    await writing.assertHeld();
    if (!(await store.writeName(name, { schema: SCHEMA, ...one }, { ifAbsent: true })))
      throw new HabsburgError('invalid', `there is a pin ${one.name} already; habsburg store unpin ${one.name} takes it away`);
  });
}

async function assertThere(store: ArtifactStore, { kind, digest }: ArtifactRef): Promise<void> {
  const { problem } = await store.verify(digest, { deep: false });
  if (problem !== undefined)
    throw new HabsburgError('verification', `the ${kind} ${digest} cannot be kept, for it is not there whole: ${problem}`);
}

/** @throws 'notFound' */
export async function unpin(store: ArtifactStore, name: string): Promise<void> {
  if ((await store.readName(nameOf(name), pinDocument)) === undefined)
    throw new HabsburgError('notFound', `${store.objects.url} has no pin ${name}; habsburg store pins lists them`);
  await store.deleteName(nameOf(name));
}

/** By name. @throws 'verification' where one cannot be read */
export async function readPins(store: ArtifactStore): Promise<Pin[]> {
  const pins: Pin[] = [];
  for await (const name of store.listNames(ROOT)) {
    const found = await store.readName(name, pinDocument);
    if (found) pins.push((({ schema: _, ...one }) => one)(found));
  }
  return pins;
}

export async function pinnedExperiments(store: ArtifactStore): Promise<ReadonlySet<string>> {
  const pins = await readPins(store);
  return new Set(pins.flatMap(({ experiment }) => (experiment === undefined ? [] : [experiment])));
}
