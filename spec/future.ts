/** Words that belong to the plan of this project but not to this version: refused with a sentence that says so, never ignored. */

/** Values, by the pattern of the path where they may stand (`*` is any one step). */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  'population.*.base.config.model_type': ['phi3'],
  'population.*.decoding.strategy': ['contrastive', 'diverse-beam', 'constrained-beam', 'speculative', 'eta', 'mirostat'],
  'population.*.start': ['best', 'ensemble'],
  'population.*.training.schedule': ['polynomial', 'inverse-sqrt', 'cosine-restarts', 'constant-with-warmup'],
  'tokenizer.kind': ['unigram', 'wordpiece', 'word', 'character'],
  'data.packing': ['document', 'padded', 'sliding', 'line'],
  'conditions.*.mixture.kind': ['cross', 'multi-source', 'detector-weighted'],
  'conditions.*.mixture.*.draw': ['weighted-by'],
};

/** Keys, by the pattern of the path of the object that they may stand in. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['schedule', 'grid', 'sweep', 'detector', 'extends', 'engine', 'signing'],
  data: ['stride', 'mask', 'filter'],
  'population.*': ['adapter', 'lora', 'peft', 'dtype', 'queue', 'device', 'postprocess', 'mixes'],
  'population.*.training': ['precision', 'steps', 'adapter'],
  'population.*.decoding': [
    'penaltyAlpha',
    'beamGroups',
    'diversityPenalty',
    'topH',
    'epsilonCutoff',
    'etaCutoff',
    'badWords',
    'suppressTokens',
    'assistant',
  ],
  'conditions.*': ['detector', 'tokenizer', 'start'],
  'conditions.*.mixture': ['detector', 'size', 'subsample', 'fresh', 'schedule'],
  'conditions.*.mixture.*': ['weight'],
};

/** Whether the value `word` at `path` is one of the future. */
export function isFutureValue(path: readonly PropertyKey[], word: string): boolean {
  return lookup(VALUES, path).includes(word);
}

/** Whether `key` in the object at `path` is one of the future. */
export function isFutureKey(path: readonly PropertyKey[], key: string): boolean {
  return lookup(KEYS, path).includes(key);
}

/** Keys of language models that members of other families cannot have, and why. */
const OF_TEXTS: Readonly<Record<string, string>> = {
  postprocess: 'operators read texts; images have none, and cheap models keep counts and moments instead',
  mixes: 'mixed validation and test sets are of texts: no other model is selected or scored on what was written',
};

/** What is said of a key of the future. */
export function notImplemented(key: string): string {
  return Object.hasOwn(OF_TEXTS, key) ? OF_TEXTS[key] : `"${key}" is not implemented yet`;
}

function lookup(words: Readonly<Record<string, readonly string[]>>, path: readonly PropertyKey[]): readonly string[] {
  const steps = memberPath(path).map(String);
  for (const [pattern, list] of Object.entries(words)) {
    const parts = pattern === '' ? [] : pattern.split('.');
    if (parts.length === steps.length && parts.every((part, i) => part === '*' || part === steps[i])) return list;
  }
  return [];
}

/**
 * conditions.I.phases.J… speak the words of conditions.I…; conditions.I.override.NAME… and population.I.generation0… those of
 * population.I… and training.
 */
function memberPath(whole: readonly PropertyKey[]): readonly PropertyKey[] {
  const path = whole[0] === 'conditions' && whole[2] === 'phases' ? [whole[0], whole[1], ...whole.slice(4)] : whole;
  const inMember =
    path[0] === 'conditions' && path[2] === 'override' && path.length > 3 ? ['population', ...path.slice(3)] : path;
  return inMember[0] === 'population' && inMember[2] === 'generation0'
    ? ['population', inMember[1], 'training', ...inMember.slice(3)]
    : inMember;
}
