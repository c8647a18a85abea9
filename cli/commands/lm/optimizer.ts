/** The optimiser of `habsburg lm finetune`, in transformers' words: --optim and --optim-args, and AdamW's flags. */
import type { Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import {
  DEFAULT_OPTIMIZER,
  OPTIMIZER_NAMES,
  optimizerPlan,
  settingsOf,
  type OptimizerName,
  type OptimizerPlan,
} from '../../../engine/train/optimizers/index.js';
import { nearest } from '../../../spec/suggest.js';
import { real } from './inputs.js';

export interface OptimizerOptions {
  readonly optim: OptimizerName;
  readonly optimArgs?: string;
  readonly weightDecay: number;
  readonly adamBeta1?: number;
  readonly adamBeta2?: number;
  readonly adamEpsilon?: number;
}

const share = real((x) => x >= 0 && x < 1, 'from 0, below 1');
const ADAM_FLAGS = { adamBeta1: '--adam-beta1', adamBeta2: '--adam-beta2', adamEpsilon: '--adam-epsilon' } as const;

export function addOptimizerOptions(command: Command): Command {
  return command
    .option('--optim <name>', OPTIMIZER_NAMES.join(', '), optimizerName, DEFAULT_OPTIMIZER)
    .option('--optim-args <list>', 'settings of an optimiser other than AdamW, such as momentum=0.9,nesterov=true')
    .option('--weight-decay <x>', 'on every trained parameter', real((x) => x >= 0, 'of at least 0'), 0) // prettier-ignore
    .option('--adam-beta1 <x>', '(default: 0.9)', share)
    .option('--adam-beta2 <x>', '(default: 0.999)', share)
    .option('--adam-epsilon <x>', '(default: 1e-8)', real((x) => x > 0, 'above 0')); // prettier-ignore
}

function optimizerName(text: string): OptimizerName {
  const found = OPTIMIZER_NAMES.find((name) => name === text);
  if (found === undefined) throw new HabsburgError('invalid', `--optim ${text}: give ${OPTIMIZER_NAMES.join(', ')}`);
  return found;
}

/** @throws HabsburgError `invalid` for flags and settings of another optimiser, and for values that are none */
export function optimizerOf(options: OptimizerOptions): OptimizerPlan {
  const { optim, optimArgs, weightDecay, adamBeta1 = 0.9, adamBeta2 = 0.999, adamEpsilon } = options;
  if (optim === DEFAULT_OPTIMIZER) {
    if (optimArgs !== undefined)
      throw new HabsburgError('invalid', '--optim-args concerns other optimisers than AdamW, which has flags; give --optim too');
    return optimizerPlan({ weightDecay, betas: [adamBeta1, adamBeta2], epsilon: adamEpsilon });
  }
  for (const [key, flag] of Object.entries(ADAM_FLAGS))
    if (options[key as keyof typeof ADAM_FLAGS] !== undefined)
      throw new HabsburgError('invalid', `${flag} concerns AdamW; leave it out with --optim ${optim}`);
  return optimizerPlan({ optimizer: optim, weightDecay, ...settingsIn(optimArgs ?? '', optim) });
}

function settingsIn(text: string, optim: OptimizerName): OptimizerPlan {
  const rows = new Map<string, ReturnType<typeof settingsOf>[number][1]>(settingsOf(optim));
  rows.delete('weightDecay'); // has a flag
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value = ''] = pair.split('=').map((part) => part.trim());
      const row = rows.get(name);
      if (row === undefined) {
        const guess = nearest(name, [...rows.keys()]);
        throw new HabsburgError(
          'invalid',
          `--optim-args: ${optim} has no ${JSON.stringify(name)}; ${guess ? `did you mean ${guess}?` : `it has ${[...rows.keys()].join(', ')}`}`,
        );
      }
      const read = row.schema.safeParse(plainValue(value));
      if (!read.success)
        throw new HabsburgError('invalid', `--optim-args ${pair.trim()}: ${row.help}; ${read.error.issues[0].message}`);
      return [name, read.data];
    }),
  );
}

/** true, false and numbers as themselves, as Python writes them too. */
function plainValue(text: string): unknown {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
}
