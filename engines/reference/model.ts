/** A language model of this engine: its parameters as matrices of float64, and what it says of a sequence. */
import { HabsburgError } from '../../common/errors.js';
import type { Model } from '../../engine/checkpoint/huggingface.js';
import type { NamedTensor } from '../../engine/checkpoint/safetensors.js';
import { architectureOf } from '../../engine/models/index.js';
import type { DecoderConfig } from '../../engine/models/types.js';
import { linear } from './layers.js';
import { DECODERS } from './models.js';
import { Matrix, Tape } from './tape.js';

/** Plain loops: what is larger would take days. */
const MOST_PARAMETERS = 2_000_000;

export class ReferenceModel {
  readonly config: DecoderConfig;
  /** in the architecture's order */
  readonly parameters = new Map<string, Matrix>();
  readonly #shapes = new Map<string, readonly number[]>();

  /** @throws HabsburgError 'invalid' for an architecture that this engine does not know, or a model that is not tiny */
  constructor({ config, weights, stored, adapter }: Model) {
    if (!Object.hasOwn(DECODERS, config.modelType))
      throw new HabsburgError(
        'invalid',
        `the engine reference knows no architecture ${config.modelType}; it has ${Object.keys(DECODERS).join(', ')}`,
      );
    if (stored !== undefined || adapter !== undefined)
      throw new HabsburgError('invalid', 'the engine reference reads no quantised weights and no adapters; use another engine');
    const specs = architectureOf(config.modelType).parameters(config);
    const count = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    if (count > MOST_PARAMETERS)
      throw new HabsburgError(
        'invalid',
        `the engine reference is for tiny models, of ${MOST_PARAMETERS} parameters at most, and this one has ${count}; use another engine`,
      );
    this.config = config;
    for (const { name, shape } of specs) {
      const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
      this.parameters.set(name, new Matrix(rows, columns, Float64Array.from(weights.get(name)!.data)));
      this.#shapes.set(name, shape);
    }
  }

  /** (T, V) of a sequence of T ids; backpropagation through `tape` reaches the parameters */
  logits(ids: readonly number[], tape = new Tape()): Matrix {
    const get = (name: string): Matrix => this.parameters.get(name)!;
    const hidden = DECODERS[this.config.modelType](tape, this.config as never, get, ids);
    return linear(tape, hidden, get(architectureOf(this.config.modelType).headWeight(this.config)));
  }

  /** Rounded to float32, as a checkpoint has them. @param data of the parameters; default: their own */
  weights(data = (name: string) => this.parameters.get(name)!.data): Map<string, NamedTensor> {
    return new Map([...this.#shapes].map(([name, shape]) => [name, { shape, data: Float32Array.from(data(name)) }]));
  }

  /** @throws HabsburgError 'invalid' naming the row that is too long for the model or holds an id outside its vocabulary */
  checkRows(rows: readonly Int32Array[]): void {
    const { maxPositions, vocabularySize } = this.config;
    rows.forEach((row, i) => {
      if (row.length > maxPositions)
        throw new HabsburgError('invalid', `row ${i} has ${row.length} tokens, the model reads at most ${maxPositions}; cut the text into shorter blocks`); // prettier-ignore
      const bad = row.find((id) => id < 0 || id >= vocabularySize);
      if (bad !== undefined)
        throw new HabsburgError('invalid', `row ${i} holds the token id ${bad}, the model knows 0 to ${vocabularySize - 1}; was it made with another tokenizer?`); // prettier-ignore
    });
  }
}
