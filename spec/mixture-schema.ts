/** The grammar of mixtures and sample sizes, the same for all families, and what zod cannot see of them. */
import { z } from 'zod';
import {
  REAL,
  SELF,
  isGiven,
  isSource,
  lagOf,
  needsNewReal,
  sourcesOf,
  termsOf,
  type MixturePlan,
  type MixtureRule,
  type Reader,
  type SamplePlan,
  type Term,
} from './mixture.js';
import { checkMixes, type Mixes } from './mixes.js';
import { needsOf } from './operator-plan.js';
import { operatorPlans, operatorsSchema } from './operators.js';
import type { Path, Problem } from './problems.js';
import { nearest } from './suggest.js';

const share = z.number().min(0).max(1);

/** Records that each generation is trained on. */
export const sampleSchema = z
  .union([
    z.int().min(2).max(1e8),
    z.strictObject({
      size: z.int().min(2).max(1e8).describe('Records of generation 0.'),
      growth: z
        .number()
        .min(0)
        .max(4)
        .default(0)
        .describe(
          'Generation t has round(size (t+1)^growth) records; above 1: the superlinear schedule under which the error stays bounded.',
        ),
    }),
  ])
  .describe('Records that each generation is trained on: a number, or {size, growth}.');

/** Of families that learn from a finite data set. */
export const sampleWords =
  'Records that each generation is trained on, those of generation 0 drawn from data.train: a number, or {size, growth}. Default: as many as data.train has.';

export function samplePlan(sample: z.output<typeof sampleSchema>): SamplePlan {
  return typeof sample === 'number' ? { size: sample, growth: 0 } : sample;
}

/** Mixtures by name: an object a kind. */
const mixtureRules = [
  z.strictObject({ kind: z.literal('replace').describe('Only what the model before wrote.') }),
  z.strictObject({
    kind: z.literal('keep-share').describe('A share is of the first real records, redrawn each generation.'),
    share: share.describe('Share of real records.'),
  }),
  z.strictObject({ kind: z.literal('accumulate').describe('Everything so far, real and written.') }),
  z.strictObject({
    kind: z.literal('accumulate-subsample').describe('As many as one generation has, drawn from everything so far.'),
  }),
  z.strictObject({
    kind: z.literal('fresh').describe('A share is new real data.'),
    share: share.describe('Share of new records.'),
  }),
  z.strictObject({ kind: z.literal('fixed-real').describe('The whole first real set beside what the model before wrote.') }),
  z.strictObject({
    kind: z.literal('weights').describe('Nature’s alpha, beta, gamma: the model before, the one before that, and new real data.'),
    alpha: z.number().min(0).max(1),
    beta: z.number().min(0).max(1).default(0),
    gamma: z.number().min(0).max(1).default(0),
  }),
] as const;

const termSchema = z.strictObject({
  from: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(2).max(100)])
    .describe(
      '`real`, `self`, the name of a member, or other real texts or images by their source (file:PATH; texts also hf://OWNER/NAME/CONFIG@REVISION#SPLIT); a list: their records together.',
    ),
  generation: z
    .union([z.enum(['current', 'previous', 'all']), z.int().min(-1000).max(0)])
    .optional()
    .describe(
      'Which of a member’s sets: what it wrote in this generation, in the one before (the default), so many before (-2), in generation 0, or in all before.',
    ),
  take: z
    .union([
      z.strictObject({
        share: z.number().gt(0).max(1).optional().describe('Share of the records of a generation.'),
        count: z.int().min(1).max(1e9).optional().describe('So many records.'),
        weight: z.number().gt(0).max(1e6).optional().describe('Each record that shares and counts leave has its source drawn.'),
      }),
      z.literal('all').describe('Every record.'),
    ])
    .default('all')
    .describe('How much of it: all, or one of {share}, {count}, {weight}.'),
  draw: z
    .enum(['redrawn', 'fresh', 'in-place'])
    .default('redrawn')
    .describe(
      'redrawn: without replacement, anew each generation. fresh: records that no generation has trained on. in-place: real records at a share of the positions of what is written.',
    ),
  through: operatorsSchema('Operators that each of its sets goes through, in this order, before records are drawn.').optional(),
  lossWeight: z
    .union([z.number().gt(0).max(1e6), z.literal('golden')])
    .default(1)
    .describe(
      'What its records count for in the loss, in proportion to those of other terms; where all have the same, nothing. golden, of real records beside written ones: what He et al. find best, 1.618 where there are as many of each.',
    ),
});

/** A mixture: by its name, or a list of terms. */
export const mixtureSchema = z.union([z.array(termSchema).min(1).max(100), z.discriminatedUnion('kind', mixtureRules)]).meta({
  id: 'mixture',
  description: "Where a generation's training set comes from: {kind: …}, or a list of terms {from, generation, take, draw}.",
});

export const memberMixtureWords = 'The member’s own mixture, in place of its condition’s.';

/** A part of 0 or 1 is no mixture: the plan of whoever says so in other words, and its steps. */
function sharePlan({ kind, share }: Extract<MixtureRule, { share: number }>): MixturePlan {
  if (share === 0) return { kind: 'replace' };
  if (share < 1) return { kind, share };
  const draw = kind === 'fresh' ? 'fresh' : 'redrawn';
  return { kind: 'terms', terms: [{ from: REAL, generation: 0, take: { share: 1 }, draw }] };
}

export function mixturePlan(mixture: z.output<typeof mixtureSchema>): MixturePlan {
  if (!Array.isArray(mixture)) return mixture.kind === 'keep-share' || mixture.kind === 'fresh' ? sharePlan(mixture) : mixture;
  return {
    kind: 'terms',
    terms: mixture.map(({ from, generation, take, draw, through: list, lossWeight }): Term => {
      const sources = typeof from === 'string' ? [from] : from;
      const usual = sources.every(isGiven) ? 0 : sources.some(isGiven) ? 'all' : 'previous';
      const through = operatorPlans(list);
      return {
        from,
        generation: generation === -1 ? 'previous' : (generation ?? usual),
        take: takeOf(take),
        draw,
        ...(through && { through }),
        ...(lossWeight !== 1 && { lossWeight }),
      };
    }),
  };
}

type TakeDocument = z.output<typeof termSchema>['take'];

/** Without the keys that are not given; more than one is told by checkTerms. */
function takeOf(take: TakeDocument): Term['take'] {
  if (take === 'all') return take;
  return Object.fromEntries(Object.entries(take).filter(([, value]) => value !== undefined)) as Term['take'];
}

/** What the records of an experiment are: blocks cut out of a text, rows of a prompt and an answer, or what a kind calls its own. */
export type RecordForm = 'blocks' | 'rows' | 'chains' | (string & {});

const areTexts = (records: RecordForm): boolean => records === 'blocks' || records === 'rows';
const recordWords = (records: RecordForm): string => (areTexts(records) ? 'texts' : records === 'chains' ? 'records of its own family' : records); // prettier-ignore

/** A member under a condition, and where its mixture stands in the file. */
export interface PlacedReader extends Reader, Mixes {
  readonly at: Path;
  readonly records: RecordForm;
  readonly training?: { readonly packing?: unknown };
  readonly decoding?: { readonly numReturnSequences?: unknown };
  /** why it cannot learn from a member of its kind */
  readonly unlike?: (writer: object) => string | undefined;
}

/** How the mixtures of a condition's members fit together. */
export function checkMixtures(members: readonly PlacedReader[]): Problem[] {
  const problems = members.flatMap((member) => {
    const { mixture, at, sample } = member;
    const held = checkMixes(member, at);
    if (mixture.kind === 'terms') return [...checkTerms(mixture.terms, member, members), ...held];
    return [...checkRule(mixture, at), ...(sample ? [] : checkNewReal(mixture.kind, termsOf(mixture), [...at, 'kind'])), ...held];
  });
  if (problems.length > 0) return problems;
  const circle = circleOf(members);
  if (circle === undefined) return [];
  return [
    {
      path: circle[0].at,
      message: `${circle.map(({ name }) => name).join(' trains on ')} trains on ${circle[0].name}, all of the same generation: none can be first`,
      suggestion: 'let one of them read generation: previous',
    },
  ];
}

function checkRule(mixture: MixtureRule, at: Path): Problem[] {
  if (mixture.kind !== 'weights') return [];
  const sum = mixture.alpha + mixture.beta + mixture.gamma;
  if (Math.abs(sum - 1) < 1e-9) return [];
  return [{ path: at, message: `alpha, beta and gamma sum to ${sum}, not 1`, suggestion: 'change one of them' }];
}

/** New real records must be left over for later generations. */
function checkNewReal(what: string, terms: readonly Term[], path: Path): Problem[] {
  if (!needsNewReal(terms)) return [];
  return [
    {
      path,
      message: `${what} takes in real records that no generation has seen, and without a sample generation 0 trains on all of them`,
      suggestion: 'give the member sample: N, with N below the number of training records',
    },
  ];
}

/** A list of terms among themselves and with the population. */
function checkTerms(terms: readonly Term[], reader: PlacedReader, members: readonly PlacedReader[]): Problem[] {
  const problems: Problem[] = [];
  const say = (path: Path, message: string, suggestion?: string) =>
    problems.push({ path: [...reader.at, ...path], message, ...(suggestion === undefined ? {} : { suggestion }) });
  const names = members.map(({ name }) => name);
  const seen = new Map<string, number>();
  terms.forEach((one, i) => {
    const sources = sourcesOf(one);
    const { take, draw, generation } = one;
    const written = sources.filter((source) => !isGiven(source));
    sources.forEach((source, s) => {
      const path = typeof one.from === 'string' ? [i, 'from'] : [i, 'from', s];
      if (isSource(source))
        problems.push(...checkSource(source, one, reader.records, [...reader.at, i], [...reader.at, ...path]));
      else if (source !== REAL && source !== SELF && !names.includes(source)) {
        const guess = nearest(source, [REAL, SELF, ...names]);
        say(
          path,
          `there is no member "${source}"`,
          guess === undefined ? `use real, self, ${names.join(', ')} or file:PATH` : `did you mean "${guess}"?`,
        );
      }
      const writer = members.find(({ name }) => name === source);
      if (writer && writer !== reader) {
        const problem = unlike(writer, reader) ?? reader.unlike?.(writer);
        if (problem) say(path, problem, 'use real or self');
      }
      const set = `${source === SELF ? reader.name : source}@${generation}`;
      const before = seen.get(set);
      if (before !== undefined) say(path, 'the same set is there twice', `take more of it in term ${before}`);
      seen.set(set, i);
      if (generation === 'current' && (source === SELF || source === reader.name))
        say([i, 'generation'], `${reader.name} cannot train on what it will write`, 'use generation: previous');
    });
    if (written.length === 0 && generation !== 0) say([i, 'generation'], 'the real data have no generations', 'remove it');
    if (written.length < sources.length && written.length > 0 && generation !== 'all')
      say(
        [i, 'generation'],
        'real and written records are drawn together over all generations only',
        'use generation: all, or a term each',
      );
    if (take !== 'all' && Object.keys(take).length !== 1) say([i, 'take'], 'must have one of share, count and weight');
    if (one.through) problems.push(...checkThrough(one, reader, members, [...reader.at, i]));
    if (one.lossWeight !== undefined) problems.push(...checkLossWeight(one, terms, reader, [...reader.at, i]));
    if (draw === 'fresh') {
      if (take === 'all')
        say([i, 'draw'], 'fresh records are a part: all of them were seen after one generation', 'add take: {share: …}');
      if (sources.length > 1 || (written.length > 0 && lagOf(one) === undefined))
        say([i, 'draw'], 'fresh records come from one set', 'use real, or a member’s current, previous or earlier generation');
      const others = terms.filter((other) => other.draw === 'fresh' && sourcesOf(other)[0] === sources[0]).length;
      if (written.length > 0 && others > 2)
        say([i, 'draw'], 'no more than two terms can take fresh records of one member', 'use draw: redrawn');
    }
    if (draw === 'in-place' && !sources.some(isSource)) {
      const others = terms.filter((other) => other !== one);
      if (written.length > 0 || take === 'all' || !('share' in take))
        say([i, 'draw'], 'a share of real records stands in the place of others', 'use from: real and take: {share: …}');
      if (
        others.length !== 1 ||
        others[0].take !== 'all' ||
        sourcesOf(others[0]).length > 1 ||
        sourcesOf(others[0])[0] === REAL ||
        others[0].generation === 'all'
      )
        say(
          [i, 'draw'],
          'what is replaced in place must be one set, taken whole',
          'give the list one other term, such as {from: self}',
        );
    }
  });
  if (problems.length > 0) return problems;
  const sum = (read: (take: Exclude<Term['take'], 'all'>) => number | undefined) =>
    terms.reduce((all, { take, draw }) => all + (take === 'all' || draw === 'in-place' ? 0 : (read(take) ?? 0)), 0);
  const shares = sum((take) => ('share' in take ? take.share : undefined));
  const weights = sum((take) => ('weight' in take ? take.weight : undefined));
  const near = (value: number) => Number(value.toPrecision(6));
  if (weights === 0 && shares > 0 && Math.abs(shares - 1) > 1e-9)
    say([], `the shares sum to ${near(shares)}, not 1`, 'change one of them, or give counts');
  if (weights > 0 && shares >= 1)
    say([], `the shares sum to ${near(shares)} and leave nothing for the weights`, 'make them smaller');
  if (reader.sample === undefined)
    terms.forEach((one, i) => problems.push(...checkNewReal('this term', [one], [...reader.at, i, 'draw'])));
  return problems;
}

/** Why one cannot learn from what another writes; undefined where it can. */
function unlike(writer: PlacedReader, reader: PlacedReader): string | undefined {
  const [writes, reads] = [recordWords(writer.records), recordWords(reader.records)];
  return writes === reads ? undefined : `${writer.name} writes ${writes}, and ${reader.name} learns from ${reads}`;
}

/** Other real texts or images than data.train. @param at of the term */
function checkSource(source: string, { draw }: Term, records: RecordForm, at: Path, path: Path): Problem[] {
  if (records === 'chains')
    return [{ path, message: 'a cheap model learns from one truth, which its own settings or data.train say', suggestion: 'use real, or another member' }]; // prettier-ignore
  if (!areTexts(records) && records !== 'images')
    return [{ path, message: `a term from a source of its own is not implemented yet for ${records}`, suggestion: 'use real' }];
  if (records === 'images' && !/^file:./.test(source))
    return [{ path, message: 'images are read from files alone', suggestion: 'write file:PATH of an IDX file of images' }];
  const shape = source.startsWith('file:') ? /^file:./ : /^hf:\/\/[\w.-]+\/[\w.-]+(\/[\w.-]+)?@[\w./-]+(#[\w.-]+)?$/;
  if (!shape.test(source)) return [{ path, message: `"${source}" names no source`, suggestion: 'write file:PATH or hf://OWNER/NAME/CONFIG@REVISION#SPLIT' }]; // prettier-ignore
  if (draw === 'redrawn') return [];
  const message =
    draw === 'fresh'
      ? 'what no generation has trained on is known of data.train alone'
      : 'real records stand in place of others where they were continued, and these never are';
  return [{ path: [...at, 'draw'], message, suggestion: 'use draw: redrawn, or make it data.train' }];
}

/** What records count for in the loss. */
function checkLossWeight(one: Term, terms: readonly Term[], { records, training }: PlacedReader, at: Path): Problem[] {
  const path = [...at, 'lossWeight'];
  if (records === 'chains')
    return [{ path, atKey: true, message: 'has no meaning for cheap models, whose fits are counts and moments and follow no gradient of a loss', suggestion: 'remove it, or take more of the term' }]; // prettier-ignore
  if (!areTexts(records) && records !== 'images')
    return [{ path, atKey: true, message: `is not implemented yet for ${records}`, suggestion: 'remove it' }];
  if (training?.packing !== undefined)
    return [{ path, atKey: true, message: 'counts rows, and training.packing puts several into one', suggestion: 'remove one of them' }]; // prettier-ignore
  if (one.lossWeight === 'golden') {
    const others = terms.filter(({ lossWeight }) => lossWeight !== 'golden');
    if (!sourcesOf(one).every(isGiven))
      return [{ path, message: 'golden weighs real records against written ones, and these are written', suggestion: 'give it to the term of real records' }]; // prettier-ignore
    if (others.length === 0 || others.some(({ lossWeight }) => lossWeight !== undefined))
      return [{ path, message: 'golden is for real records beside written ones that count 1', suggestion: 'add {from: self}, without a lossWeight' }]; // prettier-ignore
  }
  // before there is an earlier generation, such terms draw from the new real records together
  if (one.draw === 'fresh' && terms.some((other) => other.draw === 'fresh' && other.lossWeight !== one.lossWeight))
    return [{ path, message: 'terms that draw fresh records must have one weight', suggestion: 'use draw: redrawn' }];
  return [];
}

/** Operators between the pool and a training set. */
function checkThrough(one: Term, { name, records }: PlacedReader, members: readonly PlacedReader[], at: Path): Problem[] {
  const path = [...at, 'through'];
  const through = one.through!;
  const real = sourcesOf(one).some(isGiven);
  if (!areTexts(records)) {
    const what = records === 'chains' ? 'cheap models keep counts and moments instead' : `${records} have none`;
    return [{ path, atKey: true, message: `operators read texts, and ${what}`, suggestion: 'remove it' }];
  }
  const problems: Problem[] = [];
  const say = (message: string, suggestion: string) => problems.push({ path, message, suggestion });
  if (one.draw === 'fresh')
    say('what no generation has trained on is known by its position in its set, which operators change', 'use draw: redrawn');
  if (one.draw === 'in-place')
    say(
      'real records that stand in place of others are known by their positions, which operators change',
      'give it to the other term',
    );
  const comparing = through.find((operator) => needsOf([operator]).prompts);
  if (comparing && records === 'blocks')
    say(
      `${comparing.name} compares with prompts, which blocks in the pool do not bring along`,
      'use it in the member’s postprocess',
    );
  const chooser = through.find((operator) => needsOf([operator]).candidates);
  const single = sourcesOf(one).find((source) => {
    const writer = members.find((member) => member.name === (source === SELF ? name : source));
    return isGiven(source) || writer?.decoding?.numReturnSequences === undefined;
  });
  if (chooser && single !== undefined)
    say(
      `${chooser.name} chooses among several texts of a prompt, and of ${single} there is one`,
      'give the member that writes decoding.numReturnSequences',
    );
  if (real && needsOf(through).observations.some(({ under }) => under === 'writer'))
    say('no model wrote the real records', 'use under: first');
  return problems;
}

/** Members of which each trains on what the next one writes in the same generation, and the last on the first's. */
function circleOf(members: readonly PlacedReader[]): readonly PlacedReader[] | undefined {
  const reads = (reader: PlacedReader): PlacedReader[] =>
    termsOf(reader.mixture)
      .filter(({ generation }) => generation === 'current')
      .flatMap((one) => sourcesOf(one).flatMap((source) => members.filter(({ name }) => name === source)));
  const finished = new Set<PlacedReader>();
  const walk = (member: PlacedReader, path: readonly PlacedReader[]): readonly PlacedReader[] | undefined => {
    const at = path.indexOf(member);
    if (at >= 0) return path.slice(at);
    if (finished.has(member)) return undefined;
    for (const other of reads(member)) {
      const circle = walk(other, [...path, member]);
      if (circle) return circle;
    }
    finished.add(member);
    return undefined;
  };
  for (const member of members) {
    const circle = walk(member, []);
    if (circle) return circle;
  }
  return undefined;
}
