/** Porter's stemmer with NLTK's extensions, as rouge-score uses it. */

/** Words that the rules would get wrong. */
const IRREGULAR = new Map(
  Object.entries({
    sky: ['sky', 'skies'],
    die: ['dying'],
    lie: ['lying'],
    tie: ['tying'],
    news: ['news'],
    inning: ['innings', 'inning'],
    outing: ['outings', 'outing'],
    canning: ['cannings', 'canning'],
    howe: ['howe'],
    proceed: ['proceed'],
    exceed: ['exceed'],
    succeed: ['succeed'],
  }).flatMap(([stem, forms]) => forms.map((form) => [form, stem] as const)),
);

/** Longer words are no words: they are left as they are, and hostile text costs nothing. NLTK has no such limit. */
const LONGEST = 1000;

/** suffix, what takes its place, and whether that may be of the stem before it */
type Rule = readonly [suffix: string, replacement: string, condition?: (stem: string) => boolean];

/**
 * The stem of a lower-case word.
 * Source: Porter, "An algorithm for suffix stripping" (1980), with the changes of NLTK 3.10's NLTK_EXTENSIONS.
 */
export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2 || word.length > LONGEST) return word;
  return step5b(step5a(step4(step3(step2(step1c(step1b(step1a(word))))))));
}

/** A letter a step: c or v; y is a vowel after a consonant. */
function shapeOf(stem: string): string {
  let shape = '';
  for (let i = 0; i < stem.length; i++) {
    const vowel = 'aeiou'.includes(stem[i]) || (stem[i] === 'y' && i > 0 && shape[i - 1] === 'c');
    shape += vowel ? 'v' : 'c';
  }
  return shape;
}

/** How often a consonant follows a vowel. */
const measure = (stem: string): number => shapeOf(stem).match(/vc/g)?.length ?? 0;
const positive = (stem: string): boolean => shapeOf(stem).includes('vc');
const aboveOne = (stem: string): boolean => measure(stem) > 1;

function endsDoubleConsonant(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && shapeOf(word).endsWith('c');
}

/** Consonant, vowel, consonant other than w, x, y; or a word that is vowel, consonant. */
function endsCvc(word: string): boolean {
  const shape = shapeOf(word);
  return shape === 'vc' || (shape.endsWith('cvc') && !'wxy'.includes(word.at(-1)!));
}

const without = (word: string, suffix: string): string => word.slice(0, word.length - suffix.length);

/** The first rule whose suffix fits decides, also where its condition does not hold. */
function apply(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement, condition] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = without(word, suffix);
    return condition === undefined || condition(stem) ? stem + replacement : word;
  }
  return word;
}

function step1a(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return word.slice(0, -1);
  return apply(word, [
    ['sses', 'ss'],
    ['ies', 'i'],
    ['ss', 'ss'],
    ['s', ''],
  ]);
}

function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return positive(without(word, 'eed')) ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find((s) => word.endsWith(s) && shapeOf(without(word, s)).includes('v'));
  if (suffix === undefined) return word;
  const stem = without(word, suffix);
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsDoubleConsonant(stem)) return 'lsz'.includes(stem.at(-1)!) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsCvc(stem) ? `${stem}e` : stem;
}

function step1c(word: string): string {
  return apply(word, [['y', 'i', (stem) => stem.length > 1 && shapeOf(stem).endsWith('c')]]);
}

const STEP2: readonly Rule[] = (
  [
    ['ational', 'ate'],
    ['tional', 'tion'],
    ['enci', 'ence'],
    ['anci', 'ance'],
    ['izer', 'ize'],
    ['bli', 'ble'],
    ['alli', 'al'],
    ['entli', 'ent'],
    ['eli', 'e'],
    ['ousli', 'ous'],
    ['ization', 'ize'],
    ['ation', 'ate'],
    ['ator', 'ate'],
    ['alism', 'al'],
    ['iveness', 'ive'],
    ['fulness', 'ful'],
    ['ousness', 'ous'],
    ['aliti', 'al'],
    ['iviti', 'ive'],
    ['biliti', 'ble'],
    ['fulli', 'ful'],
  ] as const
).map(([suffix, replacement]) => [suffix, replacement, positive]);

function step2(word: string): string {
  if (word.endsWith('alli') && positive(without(word, 'alli'))) return step2(word.slice(0, -2));
  // the l of logi counts for the stem: geo- and theologi have one as archaeologi has
  return apply(word, [...STEP2, ['logi', 'log', () => positive(word.slice(0, -3))]]);
}

const STEP3: readonly Rule[] = [
  ['icate', 'ic', positive],
  ['ative', '', positive],
  ['alize', 'al', positive],
  ['iciti', 'ic', positive],
  ['ical', 'ic', positive],
  ['ful', '', positive],
  ['ness', '', positive],
];

const step3 = (word: string): string => apply(word, STEP3);

const STEP4: readonly Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'].map((s): Rule => [s, '', aboveOne]),
  ['ion', '', (stem) => aboveOne(stem) && /[st]$/.test(stem)],
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'].map((s): Rule => [s, '', aboveOne]),
];

const step4 = (word: string): string => apply(word, STEP4);

function step5a(word: string): string {
  if (!word.endsWith('e')) return word;
  const stem = word.slice(0, -1);
  const m = measure(stem);
  return m > 1 || (m === 1 && !endsCvc(stem)) ? stem : word;
}

function step5b(word: string): string {
  return word.endsWith('ll') && aboveOne(word.slice(0, -1)) ? word.slice(0, -1) : word;
}
