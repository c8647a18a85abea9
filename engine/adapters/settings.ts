/** The settings of a low-rank adapter, in PEFT's words, said once: an experiment's grammar and the plan's type are made from them. */
import { z } from 'zod';

export const loraSchema = z.strictObject({
  rank: z.int().min(1).max(4096),
  alpha: z.number().gt(0).max(1e6).describe('The adapter is scaled by alpha / rank.'),
  dropout: z.number().min(0).lt(1).default(0).describe("Share of the adapter's inputs dropped while training."),
  targets: z
    .array(z.string().min(1))
    .min(1)
    .describe('Linear modules by their last name, such as q_proj and v_proj (GPT-2: c_attn); or all-linear.'),
});

/** Its lists are not changed. */
export type LoraPlan = Readonly<Omit<z.output<typeof loraSchema>, 'targets'>> & { readonly targets: readonly string[] };
