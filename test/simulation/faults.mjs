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
  'window-drained': {
    scenario: 'experiments',
    what: 'an experiment waits for its runs before it continues as new',
    changes: [
      {
        file: 'workflows/experiment.ts',
        from: 'condition(() => runs.quiet && allHandlersFinished())',
        to: 'condition(() => state.going === 0 && runs.quiet && allHandlersFinished())',
      },
    ],
  },
  'window-too-wide': {
    scenario: 'experiments',
    what: 'one run more than may be is under way',
    changes: [{ file: 'workflows/experiment-state.ts', from: 'this.#going.size >= atATime', to: 'this.#going.size > atATime' }],
  },
  'pause-lost': {
    scenario: 'experiments',
    what: 'a run that is being started does not hear of a pause',
    changes: [
      {
        file: 'workflows/experiment-runs.ts',
        from: '(handle) => handle.cancel()) : this.tell());',
        to: '(handle) => handle.cancel()) : undefined);',
      },
    ],
  },
  'cancel-lost': {
    scenario: 'experiments',
    what: 'a run that is being started when its experiment is cancelled goes on',
    changes: [
      {
        file: 'workflows/experiment-runs.ts',
        from: 'await (this.#canceled ? this.#each([going], (handle) => handle.cancel()) : this.tell());',
        to: 'await this.tell();',
      },
    ],
  },
  'end-counted-twice': {
    scenario: 'experiments',
    what: 'the end of a run counts as often as it is heard',
    changes: [
      {
        file: 'workflows/experiment-state.ts',
        from: 'problemCount = problems.length }: RunResult): void {\n    if (!this.#of(index, turn)) return;',
        to: 'problemCount = problems.length }: RunResult): void {',
      },
    ],
  },
  'asked-and-gone': {
    scenario: 'experiments',
    what: 'an experiment continues as new while the server has not yet done what it was asked for',
    changes: [
      {
        file: 'workflows/experiment.ts',
        from: 'condition(() => runs.quiet && allHandlersFinished())',
        to: 'condition(() => allHandlersFinished())',
      },
    ],
  },
  'end-unheard': {
    scenario: 'experiments',
    what: 'a run says its last word to nobody',
    changes: [{ file: 'workflows/report.ts', from: 'await tell({ result });', to: '' }],
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
  'lease-taken-by-several': {
    scenario: 'steps',
    what: 'who takes a lease over does not look whether others did at the same moment',
    changes: [{ file: 'activities/lease.ts', from: 'await sleep(SETTLE_MS, undefined, { signal });', to: 'break;' }],
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
