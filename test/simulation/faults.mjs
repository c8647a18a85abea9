/** Faults that are put back, one at a time, to see that the simulator finds them: changes of a room's source text. */

/** @typedef {{ scenario: string, what: string, changes: { file: string, from: string, to: string }[] }} Fault */

/** @type {Readonly<Record<string, Fault>>} */
export const FAULTS = {
  'extension-lost': {
    scenario: 'experiments',
    what: 'an experiment that continues as new forgets which of its runs ended before it was extended',
    changes: [
      {
        file: 'workflows/experiment-state.ts',
        from: 'again: [...this.#again, ...going',
        to: 'again: [...going',
      },
    ],
  },
  'records-poisoned': {
    scenario: 'experiments',
    what: 'after a document that cannot be written no later one of the run is',
    changes: [
      {
        file: 'workflows/run-records.ts',
        from: 'this.#record = recorder(placeOf(input), {',
        to: `let recording: Promise<void> = Promise.resolve();
    this.#record = (document) => (recording = recording.then(() => record(document)));
    const record = recorder(placeOf(input), {`,
      },
    ],
  },
  'score-costs-generation': {
    scenario: 'experiments',
    what: "a generation's document waits for its scores, and is never written where they fail",
    changes: [
      {
        file: 'workflows/run.ts',
        from: "beside.add(records.generation(t, left), noting('record', t));",
        to: 'unwritten.set(t, left);',
      },
      {
        file: 'workflows/run.ts',
        from: 'const beside = new Beside();',
        to: 'const beside = new Beside();\n  const unwritten = new Map<number, any>();',
      },
      {
        file: 'workflows/run.ts',
        from: 'state.evaluated(found);',
        to: `state.evaluated(found);
      for (const { input: { place: { generation: t } } } of subjects)
        if (!found.problems.some(({ what, generation: failed }) => what === 'score' && failed === t))
          beside.add(records.generation(t, unwritten.get(t)), noting('record', t));`,
      },
    ],
  },
  'lease-believed-too-long': {
    scenario: 'steps',
    what: 'the lease of one who is gone is believed for two minutes',
    changes: [{ file: 'activities/lease.ts', from: 'const STALE_MS = 12_000;', to: 'const STALE_MS = 120_000;' }],
  },
  'lease-believed-too-short': {
    scenario: 'steps',
    what: 'a lease is taken for stale between two beats of its holder',
    changes: [{ file: 'activities/lease.ts', from: 'const STALE_MS = 12_000;', to: 'const STALE_MS = 2_000;' }],
  },
  'memo-asked-once': {
    scenario: 'steps',
    what: 'who has waited for a lease does not look whether the step is finished by now',
    changes: [
      {
        file: 'activities/step.ts',
        from: 'hit = await lookUp(); // somebody may have finished while we waited for the lease',
        to: '',
      },
    ],
  },
  'lease-given-back-early': {
    scenario: 'steps',
    what: 'the lease is given back before the record is written',
    changes: [
      {
        file: 'activities/step.ts',
        from: 'await writeStep(store, {',
        to: 'await lease.release();\n    await writeStep(store, {',
      },
    ],
  },
  'folder-race': {
    scenario: 'folders',
    what: 'who deletes takes empty folders away, beside one who makes them to write',
    changes: [
      { file: 'artifacts/object-store-file.ts', from: '  rename,\n  rm,', to: '  rename,\n  rm,\n  rmdir,' },
      {
        file: 'artifacts/object-store-file.ts',
        from: 'await unlink(this.#path(key));',
        to: `await unlink(this.#path(key));
      for (let folder = dirname(this.#path(key)); folder !== this.#root; folder = dirname(folder))
        if (!(await rmdir(folder).then(() => true, () => false))) break;`,
      },
      {
        file: 'artifacts/object-store-file.ts',
        from: '      for (let attempt = 1; ; attempt++) {',
        to: '      await mkdir(dirname(path), { recursive: true });\n      for (let attempt = 1; ; attempt++) {',
      },
    ],
  },
};
