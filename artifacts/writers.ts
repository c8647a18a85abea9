/**
 * Who is writing to a store. A collector (care/collect.ts) deletes nothing that a writer which began before may have looked up and not
 * named yet. So a writer leaves a document at writers/<id>.json before its first look, counts up in it, and takes it away when it is
 * over. Whether one still lives is told by whether it counts, never by comparing clocks of two machines.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { digest } from './shapes.js';
import type { ArtifactStore, ObjectStore } from './types.js';

const SCHEMA = 'habsburg.writer/v1';
const ROOT = 'writers/';
const DOCUMENT = /^writers\/([0-9a-f-]{36})\.json$/;
/** A document larger than this is none. */
const LIMIT = 1024 * 1024;

export const RENEW_MS = 10_000;
/** One that has not counted up for so long is over: several renewals were missed. */
export const LAPSE_MS = 90_000;

const writerDocument = z.object({
  schema: z.literal(SCHEMA),
  /** what it relies on, and is to be kept while it writes: the step's key, what the step reads */
  relies: z.array(digest),
  /** whether it may have looked up more than it names: a collector waits for the end of this turn */
  open: z.boolean(),
  turn: z.number(),
  beat: z.number(),
});
type WriterDocument = z.infer<typeof writerDocument>;

/** A living writer as others see it; one whose document cannot be read may have looked up anything. */
export interface SeenWriter {
  readonly id: string;
  readonly open: boolean;
  readonly turn: number;
  /** differs once it has counted up */
  readonly state: string;
}

export const writerKey = (id: string): string => `${ROOT}${id}.json`;
/** Says that a collector took a writer for dead and did not wait for it. */
export const lapsedKey = (id: string): string => `${ROOT}${id}.lapsed`;

/** Of all that write to a store now. */
export async function writersOf(objects: ObjectStore): Promise<SeenWriter[]> {
  const writers: SeenWriter[] = [];
  for await (const key of objects.list(ROOT)) {
    const id = DOCUMENT.exec(key)?.[1];
    const seen = id && (await seenWriter(objects, id));
    if (seen) writers.push(seen);
  }
  return writers;
}

/** Undefined where it is over. */
export async function seenWriter(objects: ObjectStore, id: string): Promise<SeenWriter | undefined> {
  const found = await objects.read(writerKey(id), LIMIT).catch((error: unknown) => {
    if (isHabsburgError(error) && error.kind === 'notFound') return undefined;
    throw error;
  });
  if (!found) return undefined;
  const state = found.toString('utf8');
  const read = writerDocument.safeParse(parsed(state));
  return read.success ? { id, open: read.data.open, turn: read.data.turn, state } : { id, open: true, turn: -1, state };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One attempt to write. Begun before its first look at the store, ended in any case. */
export class Writing {
  readonly id = randomUUID();
  #objects: ObjectStore | undefined;
  #relies: readonly Digest[] = [];
  #open = true;
  #turn = 0;
  #beat = 0;
  /** what the document says: whether this turn is open */
  #told = true;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  /** @param relies the step's key and its inputs, if it is a step */
  async begin({ objects }: ArtifactStore, relies: readonly Digest[]): Promise<void> {
    this.#objects = objects;
    this.#relies = relies;
    await this.#tell();
    this.#timer = setInterval(() => {
      // what is missed is made up for by the next; a store that stays away is told by the step itself
      this.#renewing = this.#renewing.then(() => this.#tell()).catch(() => undefined);
    }, RENEW_MS);
    this.#timer.unref();
  }

  /** All that it has looked up is named by now: what takes long, and looks nothing up, follows. Told at the next renewal. */
  settle(relies: readonly Digest[]): void {
    this.#relies = [...this.#relies, ...relies];
    this.#open = false;
  }

  /** It looks up again what it does not name, from now on. */
  async open(): Promise<void> {
    this.#open = true;
    await this.#renewing;
    // nobody was told that it had settled: it is the same turn still
    if (this.#told) return;
    this.#turn++;
    await this.#tell();
  }

  /** When it told others last, in ms by the store's clock. @throws as `assertHeld` */
  async now(): Promise<number> {
    const found = await this.#objects!.stat(writerKey(this.id));
    if (!found) throw this.#lapsed();
    return found.modified;
  }

  /**
   * To be asked right before something is named.
   * @throws 'unreachable' where a collector did not wait for it: what it found or sent may be gone
   */
  async assertHeld(): Promise<void> {
    // not its own document: a renewal that was under way puts that back
    if (await this.#objects!.stat(lapsedKey(this.id))) throw this.#lapsed();
  }

  #lapsed(): HabsburgError {
    return new HabsburgError(
      'unreachable',
      `nothing was heard of this attempt in ${this.#objects!.url} for so long that habsburg store gc took it for dead; it begins again`,
    );
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#objects || !this.#timer) return;
    await this.#renewing;
    await this.#objects.delete(writerKey(this.id)).catch(() => undefined);
  }

  async #tell(): Promise<void> {
    const open = this.#open;
    const document: WriterDocument = { schema: SCHEMA, relies: [...this.#relies], open, turn: this.#turn, beat: this.#beat++ };
    await this.#objects!.put(writerKey(this.id), { bytes: Buffer.from(JSON.stringify(document)) });
    this.#told = open;
  }
}

/** Does what looks up or sends things, and then names them. */
export async function whileWriting<T>(
  store: ArtifactStore,
  relies: readonly Digest[],
  work: (writing: Writing) => Promise<T>,
): Promise<T> {
  const writing = new Writing();
  try {
    await writing.begin(store, relies);
    return await work(writing);
  } finally {
    await writing.end();
  }
}
