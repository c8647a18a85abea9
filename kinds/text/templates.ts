/** Prompt templates: how a record's fields become a prompt and the answer to it. Named ones, and the rule that all follow. */

/** Text with {field} in the places of a record's fields; {{ and }} stand for braces. What stands before {output} is the prompt. */
export interface TemplatePlan {
  readonly format: string;
  /** in place of format for records whose `input` is missing or empty */
  readonly noInputFormat?: string;
  /** where in a record a field is, for those that are not there under their own name: `answers.text[0]` */
  readonly fields?: Readonly<Record<string, string>>;
}

/**
 * Stanford Alpaca's (github.com/tatsu-lab/stanford_alpaca); OpenAI's ChatML without a system message; Stein's summaries, and in the same form
 * questions about a text, or without one, and stories from a prompt.
 */
export const TEMPLATES = {
  alpaca: {
    format:
      'Below is an instruction that describes a task, paired with an input that provides further context. ' +
      'Write a response that appropriately completes the request.\n\n' +
      '### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:{output}',
    noInputFormat:
      'Below is an instruction that describes a task. ' +
      'Write a response that appropriately completes the request.\n\n' +
      '### Instruction:\n{instruction}\n\n### Response:{output}',
  },
  chatml: {
    format: '<|im_start|>user\n{instruction}\n\n{input}<|im_end|>\n<|im_start|>assistant\n{output}<|im_end|>',
    noInputFormat: '<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n{output}<|im_end|>',
  },
  summarize: { format: 'Summarize the following text.\n### Text:\n{input}\n### Summary:\n{output}' },
  question: {
    format:
      'Answer the question about the following text.\n### Text:\n{input}\n### Question:\n{instruction}\n### Answer:\n{output}',
    noInputFormat: 'Answer the question.\n### Question:\n{instruction}\n### Answer:\n{output}',
  },
  story: { format: 'Continue the following story.\n### Beginning:\n{input}\n### Continuation:\n{output}' },
} as const satisfies Readonly<Record<string, TemplatePlan>>;

export type TemplateName = keyof typeof TEMPLATES;
export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as TemplateName[];

/** A template in pieces: its own text, and the names of fields. */
export type TemplatePiece = { readonly text: string } | { readonly field: string };

const STEP = /\.?([^.[\]]+)|\[(\d+)\]/y;

/** A path into a record in its steps, names and numbers; or undefined where it is none. */
export function parseFieldPath(path: string): readonly (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const at = STEP.lastIndex;
    const match = STEP.exec(path);
    // a name begins the path, or stands behind a dot
    if (match === null || (match[1] !== undefined && (path[at] === '.') === (at === 0))) return undefined;
    steps.push(match[1] ?? Number(match[2]));
  }
  return typeof steps[0] === 'string' ? steps : undefined;
}

/** The names of the fields that a template reads. */
export function fieldsOf({ format, noInputFormat }: TemplatePlan): readonly string[] {
  const names = [format, noInputFormat].flatMap((text) => {
    const parsed = text === undefined ? { problem: '' } : parseTemplate(text);
    if ('problem' in parsed) return [];
    return [...parsed.prompt, ...parsed.answer].flatMap((piece) => ('field' in piece ? [piece.field] : []));
  });
  return [...new Set(names)];
}

/** The pieces of one format, prompt and answer apart; or what is wrong with it. */
export function parseTemplate(
  format: string,
): { readonly prompt: readonly TemplatePiece[]; readonly answer: readonly TemplatePiece[] } | { readonly problem: string } {
  const pieces: TemplatePiece[] = [];
  let at = 0;
  let text = '';
  const flush = (): void => {
    if (text !== '') pieces.push({ text });
    text = '';
  };
  for (const match of format.matchAll(/\{\{|\}\}|\{(\w+)\}/g)) {
    text += format.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[1] === undefined) {
      text += match[0][0];
    } else {
      flush();
      pieces.push({ field: match[1] });
    }
  }
  text += format.slice(at);
  flush();
  const outputs = pieces.flatMap((piece, i) => ('field' in piece && piece.field === 'output' ? [i] : []));
  if (outputs.length !== 1) return { problem: `has {output} ${outputs.length} times; it says where the answer goes, once` };
  if (outputs[0] === 0) return { problem: 'begins with {output}; a prompt must stand before the answer' };
  return { prompt: pieces.slice(0, outputs[0]), answer: pieces.slice(outputs[0]) };
}
