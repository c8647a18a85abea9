/** What every kind of experiment file has in common. */
import { z } from 'zod';
import { DEVICES } from '../engine/devices.js';
import { DEFAULT_ENGINE, ENGINE_IDS } from '../engines/registry.js';

/** File version; a file of another version is refused. */
export const SCHEMA_VERSION = 1;

export const LAST_SEED = 2 ** 32 - 1;
export const name = z
  .string()
  .max(60)
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and hyphens, starting with a letter or digit');

export const seed = z.int().min(0).max(LAST_SEED);

const queue = z
  .string()
  .max(200)
  .regex(/^[\w.:-]+$/, 'must be a task queue name: letters, digits and . : _ -');

const device = z.enum(DEVICES).optional();

export const execution = z
  .strictObject({
    concurrency: z.int().min(1).max(1000).optional().describe('Runs at a time. Default: as many as the workers have slots.'),
    checkpointSeconds: z
      .number()
      .min(0.1)
      .max(86_400)
      .default(30)
      .describe('Training and writing are checkpointed at least so often.'),
    heartbeatSeconds: z
      .number()
      .min(1)
      .max(3600)
      .default(20)
      .describe('A step that is silent for so long is taken for dead and started again.'),
    queues: z
      .strictObject({
        cpu: queue.default('habsburg-cpu').describe('Task queue of sample and book-keeping.'),
        engine: queue
          .default('habsburg-cpu')
          .describe('Task queue of finetune, generate and score; habsburg-gpu where GPU workers serve it.'),
      })
      .prefault({}),
    device: device.describe(
      'What computes finetune, generate and score; rounding differs by device, so steps do too. Default: what the worker is set to, cpu.',
    ),
    engine: z
      .enum(ENGINE_IDS)
      .optional()
      .describe(
        `The program that computes them, on a task queue of its own: \`QUEUE/ENGINE\`, but for ${DEFAULT_ENGINE}, the default, which has the plain one.`,
      ),
  })
  .describe('Where and how fast; changes no result, but for the rounding of another device.');

/** Of a member, where it differs from the experiment's. */
export const memberExecution = z
  .strictObject({
    queue: queue
      .optional()
      .describe('Task queue of its finetune, generate and score. Default: execution.queues.engine. Changes no result.'),
    device: device.describe('What computes them. Default: execution.device.'),
  })
  .optional()
  .describe("Where this member's steps are computed, if elsewhere than the others'.");
