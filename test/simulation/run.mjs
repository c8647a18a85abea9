#!/usr/bin/env node
/**
 * Plays schedules: node test/simulation/run.mjs --schedules 100000 --seed 1. The first that fails is cut down to few deeds and told as a
 * story. --scenario plays one kind of world; --fault puts a fault back (faults.mjs); --replay takes a schedule as JSON.
 */
import { fork } from 'node:child_process';
import { register } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.mjs';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    fault: { type: 'string' },
    replay: { type: 'string' },
    processes: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    /** of a part: every so many schedules one is its */
    stride: { type: 'string', default: '1' },
    until: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const fault = values.fault === undefined ? undefined : FAULTS[values.fault];
if (values.fault !== undefined && !fault)
  throw new Error(`no fault ${values.fault}; there are ${Object.keys(FAULTS).join(', ')}`);
const [schedules, seed, stride, processes, until] = ['schedules', 'seed', 'stride', 'processes', 'until'].map((name) =>
  Number(values[name]),
);
const scenario = values.scenario ?? fault?.scenario;

if (values.replay === undefined && process.send === undefined) await lead();
else await follow();

/** Deals the seeds to processes and adds up what they say. */
async function lead() {
  const began = performance.now();
  const total = {};
  const failures = [];
  let done = 0;
  let told = 0;
  const parts = Array.from({ length: processes }, (_, part) => {
    const own = ['--seed', seed + part, '--stride', processes, '--until', seed + schedules];
    const args = [...own, ...(scenario ? ['--scenario', scenario] : []), ...(values.fault ? ['--fault', values.fault] : [])];
    const child = fork(fileURLToPath(import.meta.url), args.map(String), { env: { ...process.env, NODE_NO_WARNINGS: '1' } });
    return new Promise((resolve, reject) => {
      child.on('message', ({ failure, counts, schedules: more }) => {
        if (failure) failures.push(failure);
        for (const [name, { schedules: n, events }] of Object.entries(counts ?? {})) {
          total[name] ??= { schedules: 0, events: 0 };
          total[name].schedules += n;
          total[name].events += events;
        }
        done += more ?? 0;
        if (!values.json && done - told >= 10_000) {
          told = done;
          console.error(`${done} of ${schedules} after ${Math.round((performance.now() - began) / 1000)} s`);
        }
      });
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`))));
    });
  });
  await Promise.all(parts);
  // the least seed, whichever process was faster
  failures.sort((a, b) => a.seed - b.seed);
  const seconds = (performance.now() - began) / 1000;
  if (values.json) console.log(JSON.stringify({ seconds, total, failure: failures[0] }));
  else {
    for (const [name, { schedules: n, events }] of Object.entries(total))
      console.log(`${name}: ${n} schedules, ${events} events`);
    console.log(`${seconds.toFixed(1)} s in ${processes} processes`);
    if (failures.length > 0) tell(failures[0]);
  }
  if (failures.length > 0) process.exitCode = 1;
}

function tell({ scenario: name, seed: number, message, schedule, trace, cut }) {
  console.log(
    `\nseed ${number} of ${name}: ${message}\n  cut down from ${cut.from} deeds to ${cut.to}: ${JSON.stringify(schedule)}`,
  );
  for (const line of trace) console.log(line);
  console.log(`\nagain: node test/simulation/run.mjs --scenario ${name} ${values.fault ? `--fault ${values.fault} ` : ''}--replay '${JSON.stringify(schedule)}'`); // prettier-ignore
}

async function follow() {
  register('./hooks.mjs', import.meta.url, { data: { fault } });
  const { SCENARIOS, shrink } = await import('./index.ts');
  if (values.replay !== undefined) {
    const schedule = JSON.parse(values.replay);
    const { failure, trace, events } = await SCENARIOS[scenario].play(schedule, { trace: true });
    for (const line of trace) console.log(line);
    console.log(failure ? `\n${failure.stack}` : `\nnothing wrong in ${events} events`);
    process.exit(failure ? 1 : 0);
  }
  const names = scenario ? [scenario] : Object.keys(SCENARIOS);
  const counts = Object.fromEntries(names.map((name) => [name, { schedules: 0, events: 0 }]));
  let since = 0;
  for (let number = seed; number < until; number += stride) {
    const name = names[Math.floor(number / stride) % names.length];
    const world = SCENARIOS[name];
    const schedule = world.schedule(number);
    const { failure, events } = await world.play(schedule);
    counts[name].schedules++;
    counts[name].events += events;
    if (++since === 500) {
      process.send({ schedules: since });
      since = 0;
    }
    if (failure) {
      const again = await world.play(schedule);
      if (again.failure?.message !== failure.message)
        throw new Error(`seed ${number} tells another story when it is played again`);
      const small = await shrink(world, schedule, failure);
      process.send({ failure: { scenario: name, seed: number, ...small } });
      break;
    }
  }
  process.send({ counts, schedules: since }, () => process.exit(0));
}
