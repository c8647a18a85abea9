/**
 * view: images of another file than data.train; or texts in the tokens and blocks of a member that reads them: what another wrote, or other real texts than data.train. Keyed by
 * the texts and the reader's tokenizer, not by the reader, so that all who read alike share it. Outputs `view`, a dataset.
 */
import { cancellationSignal } from '@temporalio/activity';
import { HabsburgError } from '../common/errors.js';
import { resolveSource, type ResolvedText } from '../data/source.js';
import { viewImages } from '../kinds/images/host/prepare.js';
import { readImages } from '../pool/images.js';
import { recordsOf } from './sets.js';
import { claimed } from './sources.js';
import { runStep } from './step.js';
import { tokenizerFacts } from './tokenizer-facts.js';
import type { ActivityDependencies, StepResult, ViewInput, ViewOfImages, ViewOfSet, ViewOfSource } from './types.js';
import type { SourceToView, TextsToView } from './view-texts.js';

const VERSION = 1;
const HEAVY = new URL('./view-texts.js', import.meta.url);

export function viewActivity(deps: ActivityDependencies) {
  return (input: ViewInput): Promise<StepResult> => {
    if ('like' in input) return viewImageSource(deps, input);
    return 'source' in input ? viewSource(deps, input) : viewSet(deps, input);
  };
}

function viewSet(deps: ActivityDependencies, { place, set, writer, reader, block, packing }: ViewOfSet): Promise<StepResult> {
  return runStep(
    deps,
    { step: 'view', version: VERSION, place, inputs: { set, writer, reader }, parameters: { block, packing }, engine: false },
    async (step) => {
      const facts = await tokenizerFacts(step, reader);
      const out = await step.folder('view');
      const { read, records } = await step.thread<{ read: number; records: number }>(HEAVY, 'viewTexts', {
        set: await recordsOf(step, set),
        writer: await step.input(writer),
        reader: await step.input(reader),
        out,
        ...facts,
        block,
        packing,
      } satisfies TextsToView);
      if (records === 0)
        throw new HabsburgError(
          'invalid',
          `what ${place.member} wrote in generation ${place.generation} is not one block of ${block} tokens for its reader; let it write more`,
        );
      return {
        outputs: { view: { kind: 'dataset', folder: out, facts: { records, block, tokenizer: reader.digest } } },
        report: { read, records },
      };
    },
  );
}

function viewSource(deps: ActivityDependencies, input: ViewOfSource): Promise<StepResult> {
  const { place, source, sources, reader, block, packing, template } = input;
  let text: ResolvedText | undefined;
  // as of data.train, the key is made of what the source holds now, not of where it is
  const parameters = async () => {
    text = await resolveSource(source, {
      split: 'train',
      sources,
      records: template !== undefined,
      signal: cancellationSignal(),
    });
    return { text: { source: text.source, digest: text.digest }, block, packing, ...(template && { template }) };
  };
  const read = () => claimed({ text: text!.origin }, input.claims);
  const definition = { step: 'view', version: VERSION, place, inputs: { reader }, parameters, sources: read, engine: false };
  return runStep(deps, definition, async (step) => {
    const out = await step.folder('view');
    const { records, leftOut } = await step.thread<{ records: number; leftOut: number }>(HEAVY, 'viewSource', {
      text: { place: text!.place, source: text!.source, given: source },
      reader: await step.input(reader),
      facts: await tokenizerFacts(step, reader),
      shape: { block, template },
      out,
    } satisfies SourceToView);
    return {
      outputs: { view: { kind: 'dataset', folder: out, facts: { records, block, source: text!.source } } },
      report: { records, ...(leftOut > 0 && { leftOut }) },
    };
  });
}

function viewImageSource(
  deps: ActivityDependencies,
  { place, source, sources, claims, like }: ViewOfImages,
): Promise<StepResult> {
  let file: Awaited<ReturnType<typeof viewImages>> | undefined;
  const parameters = async () => {
    file = await viewImages(source, sources);
    return { images: file.source };
  };
  const read = () => claimed({ images: file!.origin }, claims);
  const definition = { step: 'view', version: VERSION, place, inputs: { like }, parameters, sources: read, engine: false };
  return runStep(deps, definition, async (step) => {
    const out = await step.folder('view');
    const records = await file!.write(out, await readImages(await step.input(like)));
    return {
      outputs: { view: { kind: 'dataset', folder: out, facts: { records, source: file!.source } } },
      report: { records },
    };
  });
}
