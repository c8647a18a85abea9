/** What is done to a simulated world from outside: everything beyond its seed that tells one story from another, so that it can be cut down. */
export interface Schedule {
  readonly seed: number;
  /** sizes of the world, by name */
  readonly sizes: Readonly<Record<string, number>>;
  readonly deeds: readonly Deed[];
  /** every delay is the middle one */
  readonly calm?: boolean;
}

/** Something that an operator, a machine or chance does. */
export interface Deed {
  /** ms since the beginning */
  readonly at: number;
  readonly what: string;
  /** to whom: a run, an activity, a worker, by number */
  readonly whom?: number;
  /** more of it: a generation, a duration */
  readonly more?: number;
}

/** One kind of world. */
export interface Scenario {
  readonly name: string;
  /** the least that sizes can be */
  readonly least: Readonly<Record<string, number>>;
  schedule(seed: number): Schedule;
  /** @throws Violation, and whatever else must not be thrown */
  play(schedule: Schedule, options?: { readonly trace?: boolean }): Promise<Played>;
}

export interface Played {
  readonly events: number;
  readonly trace: readonly string[];
  readonly failure?: Error;
}
