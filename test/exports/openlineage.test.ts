/** Events of OpenLineage: what they tell, and what the project's own client makes of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { builtHouse, filesIn } from './support.js';
import { changed, validated, verdicts } from './validators.js';

const { house, exports } = await builtHouse();

const FILE = 'openlineage.ndjson';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const nameOf = (name: string) => `${house.made[name].kind}/${house.made[name].digest.slice(7)}`;
const eventsOf = (bytes: Buffer): any[] =>
  bytes
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a start and an end of every step, in the order of time, with what went in and came out', async () => {
  const files = filesIn(await exports.write('openlineage', '1/model'));
  expect(Object.keys(files)).toEqual([FILE]);
  const events = eventsOf(files[FILE]);
  expect(events.map(({ eventType, eventTime, job }) => `${eventType} ${job.name} ${eventTime.slice(11, 16)}`)).toEqual([
    'START prepare/v1 00:00',
    'COMPLETE prepare/v1 00:30',
    'START finetune/v1 01:00',
    'COMPLETE finetune/v1 01:30',
    'START generate/v1 02:00',
    'COMPLETE generate/v1 02:30',
    'START finetune/v1 03:00',
    'COMPLETE finetune/v1 03:30',
  ]);
  for (let i = 0; i < events.length; i += 2) {
    expect(events[i].run.runId).toMatch(UUID);
    expect(events[i + 1].run).toEqual(events[i].run);
  }
  expect(new Set(events.map(({ run }) => run.runId)).size).toBe(4);
  const names = (all: any[]) => all.map(({ name }) => name);
  expect([names(events[7].inputs).sort(), names(events[7].outputs)]).toEqual([
    [nameOf('0/model'), nameOf('0/texts')].sort(),
    [nameOf('1/model')],
  ]);
  const { dataSource, tags } = events[1].inputs[0].facets;
  expect(dataSource).toMatchObject({ name: 'Trees', uri: 'https://trees.example/2021' });
  expect(tags.tags).toEqual([
    { key: 'licence', value: 'CC-BY-4.0' },
    { key: 'origin', value: 'human' },
  ]);
  expect(filesIn(await exports.write('openlineage', '1/model'))).toEqual(files);
});

test("a step's parent is the run of Temporal that it was done in", async () => {
  const id = '01a22ff4-74e3-779f-8734-b12b888a2c38';
  const invocation = {
    id: `default/forest/replace/seed-1/${id}/7/1`,
    startedOn: '2026-01-02T00:00:00Z',
    finishedOn: '2026-01-02T00:00:01Z',
    runtime: {},
  };
  await house.step('late', 'scores', { 'scores.json': '{}' }, { model: '1/model' }, { step: 'score', invocation });
  const event = eventsOf(filesIn(await exports.write('openlineage', 'late'))[FILE]).at(-1);
  expect(event.run.facets.parent).toMatchObject({
    run: { runId: id },
    job: { namespace: 'default', name: 'forest/replace/seed-1' },
  });
});

test('a source has no events', async () => {
  await expect(exports.write('openlineage', 'trees')).rejects.toMatchObject({ kind: 'invalid' });
});

validated('the client of OpenLineage reads and writes them the same, and refuses what is not so', async () => {
  const folder = await exports.write('openlineage', '1/texts');
  const event = (change: (event: any) => void) => (copy: string) => {
    const events = eventsOf(readFileSync(join(copy, FILE)));
    change(events[1]);
    writeFileSync(join(copy, FILE), events.map((one) => `${JSON.stringify(one)}\n`).join(''));
  };
  const broken = changed(folder, {
    'a run id that is no UUID': event(({ run }) => (run.runId = 'forest')),
    'a time without a date': event((one) => (one.eventTime = '02:30')),
    'another type': event((one) => (one.eventType = 'DONE')),
    'a data set without a name': event(({ inputs }) => delete inputs[0].name),
    'a facet of a version that there is not': event(
      ({ job }) => (job.facets.jobType._schemaURL = job.facets.jobType._schemaURL.replace('2-0-4', '9-0-0')),
    ),
    'a facet with a field of its own': event(({ inputs }) => (inputs[0].facets.version.licence = 'x')),
    'no producer': event((one) => delete one.producer),
  });
  const said = verdicts('openlineage', [folder, ...broken]);
  expect(said[0]).toBeNull();
  expect(said.slice(1).map((one, i) => [broken[i], one === null])).toEqual(broken.map((copy) => [copy, false]));
});
