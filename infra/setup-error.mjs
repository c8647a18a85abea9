// The error of set-up code, which runs before anything is compiled: it carries HabsburgError's brand, so the CLI treats both alike.

/** Exit codes as in common/errors.ts, for the kinds that set-up meets. */
const EXIT_CODES = { failed: 1, invalid: 2, unreachable: 5, resources: 6 };

export class SetupError extends Error {
  /**
   * @param {keyof typeof EXIT_CODES} kind
   * @param {string} message one sentence: what is wrong and what to do
   * @param {unknown} [cause]
   */
  constructor(kind, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HabsburgError';
    this.kind = kind;
    this.exitCode = EXIT_CODES[kind];
    Object.defineProperty(this, Symbol.for('habsburg.error'), { value: true });
  }
}
