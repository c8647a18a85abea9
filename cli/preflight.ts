/** validate, plan and run look before they start: an experiment that is loaded, and whose sources, device and store are there. */
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../artifacts/open.js';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { BlockPacker } from '../data/blocks.js';
import { heldOutLines } from '../data/held-out.js';
import { identified } from '../data/identify.js';
import { attempt, localBases, lookAtSources, type Finding } from '../data/look.js';
import { localText, textLines } from '../data/text.js';
import { planRefusal } from '../engines/plan.js';
import { deviceRefusal } from '../engines/capabilities.js';
import { DEFAULT_ENGINE, engineRow } from '../engines/registry.js';
import { portableDocument } from '../spec/digest.js';
import { placeOfData } from '../spec/data-place.js';
import { loadExperiment, problemText } from '../spec/load.js';
import { isChainMember } from '../spec/members.js';
import type { Device } from '../engine/devices.js';
import type { ExperimentPlan } from '../spec/plan.js';
import type { Path } from '../spec/problems.js';
import { pathOfSource } from '../spec/sources.js';
import { hasExternalServer } from '../workers/connection.js';
import { notes } from './output.js';

export interface LookOptions {
  readonly sets: readonly string[];
  /** where artifacts would go; absent: it is not looked at */
  readonly store?: string;
  /** takes what is allowed and probably not meant; default: a line on stderr */
  readonly note?: (text: string) => void;
}

export interface Looked {
  /** with the digests of its sources */
  readonly plan: ExperimentPlan;
  /** what the file said, in portable form */
  readonly document: unknown;
}

/** @throws HabsburgError with `details.problems`, as loadExperiment does */
export async function loadAndLook(target: string, options: LookOptions): Promise<Looked> {
  const { plan, document, place } = await loadExperiment(target, options);
  const { findings, digests } = await lookAtSources(plan, document);
  if (findings.every(({ kind }) => kind === undefined))
    findings.push(...(await lookAtBases(plan, placeOfData(document, 'text'))));
  lookAtEngine(plan, findings);
  // a server of one's own has workers on machines of their own
  if (!hasExternalServer()) await lookAtDevices(plan, findings);
  const placed = findings.map(({ kind, ...problem }) => ({ kind, problem: place(problem) }));
  const wrong = placed.filter(({ kind }) => kind !== undefined);
  if (wrong.length > 0) {
    const problems = wrong.map(({ problem }) => problem);
    throw new HabsburgError(wrong[0].kind!, problems.map(problemText).join('\n'), { details: { problems } });
  }
  if (options.store !== undefined) await checkStore(options.store);
  const note = options.note ?? notes(false);
  for (const { problem } of placed) note(`note: ${problemText(problem)}`);
  const known = await identified(plan, digests);
  return { plan: known, document: portableDocument(document, known) };
}

/** Whether the engine that the file names can do what it asks for. */
function lookAtEngine(plan: ExperimentPlan, findings: Finding[]): void {
  const message = planRefusal(plan);
  if (message === undefined) return;
  const key = plan.execution.engine === undefined ? 'device' : 'engine';
  findings.push({ path: ['execution', key], message, kind: 'invalid' });
}

/** The devices that the file names, each where it is named first. */
async function lookAtDevices(plan: ExperimentPlan, findings: Finding[]): Promise<void> {
  const named = new Map<Device | undefined, Path>([[plan.execution.device, ['execution', 'device']]]);
  plan.population.forEach((member, i) => {
    const device = isChainMember(member) ? undefined : member.execution?.device;
    if (!named.has(device)) named.set(device, ['population', i, 'execution', 'device']);
  });
  const engine = plan.execution.engine ?? DEFAULT_ENGINE;
  for (const [device, path] of named) {
    if (device === undefined || device === 'cpu' || deviceRefusal(engine, engineRow(engine).can, device) !== undefined) continue;
    const { openEngine } = await import('../engines/client.js');
    await attempt(path, async () => void (await openEngine(engine, { threads: 1, device })).fingerprint(device), findings);
  }
}

/**
 * Base checkpoints of this machine: weights that are whole, an architecture and a tokenizer that are known, and texts of one block in
 * that tokenizer.
 */
async function lookAtBases(plan: ExperimentPlan, at: Path): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { text: data } = plan.data;
  if (data === undefined) return findings;
  const bases = localBases(plan);
  if (bases.length === 0) return findings;
  const [{ parseConfig }, { readJsonObject }, { loadTokenizer }, { openGguf }, { openWeights }] = await Promise.all([
    import('../engine/models/index.js'),
    import('../engine/checkpoint/json.js'),
    import('../engine/tokenizer/files.js'),
    import('../engine/checkpoint/gguf.js'),
    import('../engine/checkpoint/weight-files.js'),
  ]);
  for (const { source, path } of bases) {
    const folder = pathOfSource(source);
    const isFile = folder.endsWith('.gguf');
    // headers alone: whether all of it is there
    await attempt<unknown>(path, () => (isFile ? openGguf(folder) : openWeights(folder)), findings);
    if (isFile) continue;
    await attempt(
      path,
      async () => {
        const file = `${folder}/config.json`;
        const config = parseConfig(await readJsonObject(file), file);
        if (data.block > config.maxPositions)
          throw new HabsburgError(
            'invalid',
            `${folder} has ${config.maxPositions} positions, fewer than data.block: ${data.block}`,
          );
      },
      findings,
    );
    const tokenizer = await attempt(path, () => loadTokenizer(folder), findings);
    if (tokenizer === undefined || data.template) continue;
    for (const split of ['train', 'valid', 'test'] as const) {
      if (!data[split].startsWith('file:')) continue;
      const look = async (): Promise<void> => {
        const of = { encode: (line: string) => tokenizer.encode(line), decode: (ids: readonly number[]) => tokenizer.decode(ids), eosId: 0 }; // prettier-ignore
        const packer = new BlockPacker(of, data.block, 1);
        const place = await localText(pathOfSource(data[split]), false);
        for await (const lines of heldOutLines(() => textLines(place), split, data)) {
          packer.add(lines).next();
          if (packer.full) return;
        }
        throw new HabsburgError('invalid', `${pathOfSource(data[split])} has ${packer.tokens} tokens, not one block of ${data.block} (data.block); give more text or smaller blocks`); // prettier-ignore
      };
      await attempt([...at, split], look, findings);
    }
  }
  return findings;
}

/** @throws HabsburgError where the store cannot be reached or written */
async function checkStore(url: string): Promise<void> {
  if (url.startsWith('s3:')) {
    await openStore(url).stat('habsburg'); // reaches the bucket with these credentials, whether it is there or not
    return;
  }
  let folder = url.startsWith('file:') ? fileURLToPath(url) : url;
  for (;;) {
    const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined; // a folder above it says more
      throw fromSystemError(error, `the store ${url}`);
    });
    if (found !== undefined && !found.isDirectory())
      throw new HabsburgError('invalid', `the store ${url} cannot be there: ${folder} is a file`);
    if (found !== undefined) break;
    folder = dirname(folder);
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw fromSystemError(error, `the store ${url} cannot be written`);
  });
}
