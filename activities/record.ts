/** record: keeps the experiment's documents (plan, runs, generations, evaluations), so that results can be read with no server running. */
import { activityInfo, log as warnings } from '@temporalio/activity';
import { isDamage } from '../artifacts/damage.js';
import { appendLog } from '../artifacts/log.js';
import { addStatement } from '../artifacts/statements.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { whileWriting } from '../artifacts/writers.js';
import { versionName } from '../common/version.js';
import { read } from '../documents/read.js';
import { resultAbout, resultStatement } from '../documents/statement.js';
import { planDigest, planIdentity, portablePlan } from '../spec/digest.js';
import { LATEST_SCHEMA, PLAN_SCHEMA, RUN_SCHEMA, START_SCHEMA, planDocument } from '../spec/documents.js';
import { documentName, latestName, planName, startName } from '../spec/documents.js';
import { toFailure } from './failures.js';
import type { Activities, ActivityDependencies } from './types.js';

/** Between two additions to a log by one worker while runs go on. */
const LOG_MS = 10_000;

export function recordActivities(deps: ActivityDependencies): Pick<Activities, 'recordPlan' | 'recordMetrics' | 'record'> {
  const withFailures = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toFailure(error, doing, activityInfo().attempt);
    }
  };
  const logged = new Map<string, number>();
  /** Puts into the store's log what waits for it; not with each of many small documents. A log that is damaged holds up no run. */
  const log = async (store: ArtifactStore, now: boolean): Promise<void> => {
    const { url } = store.objects;
    if (!now && Date.now() - (logged.get(url) ?? 0) < LOG_MS) return;
    logged.set(url, Date.now());
    try {
      await appendLog(store, deps.signer);
    } catch (error) {
      if (!isDamage(error)) throw error;
      warnings.warn('the log of the store is damaged, so that nothing is added to it: habsburg store check', {
        problem: error.message,
      });
    }
  };
  return {
    recordPlan: ({ store: url, plan, document }) =>
      withFailures('recording the plan', async () => {
        const store = deps.openStore(url);
        const { name, seeds, generations } = plan;
        const digest = planDigest(plan);
        const start = { schema: START_SCHEMA, seeds: [...seeds], generations };
        await whileWriting(store, [], async () => {
          await store.keepBytes(Buffer.from(planIdentity(plan), 'utf8'));
          await store.writeName(startName(name, digest, start), start);
          await store.writeName(planName(name, digest), {
            schema: PLAN_SCHEMA,
            digest,
            plan: portablePlan(plan),
            ...(document === undefined ? {} : { document }),
            started: new Date().toISOString(),
          });
        });
        // last: whoever follows it finds the plan
        await store.writeName(latestName(name), { schema: LATEST_SCHEMA, plan: digest });
        return digest;
      }),
    recordMetrics: ({ store: url, plan }) =>
      withFailures('recording the metrics', async () => {
        const store = deps.openStore(url);
        const digest = planDigest(plan);
        const name = planName(plan.name, digest);
        const before = (await read(store, name, planDocument)) ?? { started: new Date().toISOString() };
        await store.writeName(name, { ...before, schema: PLAN_SCHEMA, digest, plan: portablePlan(plan) });
      }),
    record: ({ store: url, document, engine = deps.engineFingerprint(deps.device) }) =>
      withFailures(`recording ${document.run}`, async () => {
        const versions = { habsburg: versionName(deps.code), code: deps.code.digest, engine };
        const whole = document.schema === RUN_SCHEMA ? { ...document, versions } : document;
        const store = deps.openStore(url);
        const statement = resultStatement(whole, deps.code);
        // first: whoever sees a document finds what is stated of it
        if (statement) await addStatement(store, resultAbout(whole), statement, deps.signer);
        await store.writeName(documentName(whole), whole);
        await log(store, whole.schema === RUN_SCHEMA);
      }),
  };
}
