// Set-up progress: one line when a step starts, one when it ends with its time, and a sign of life in between.

/**
 * @typedef {object} Step
 * @property {(detail: string) => void} update says what the step is doing now
 * @property {(detail?: string) => void} done
 * @property {(detail: string) => void} fail
 */
/**
 * @typedef {object} Progress
 * @property {(title: string) => Step} step starts a step; several may run at once
 * @property {(line: string) => void} note prints a line by itself
 */

/** Seconds between two signs of life of a long step where there is no terminal to redraw. */
const QUIET_INTERVAL_S = 20;

/**
 * Writes to `stream` (stderr by default: stdout belongs to results). On a terminal the last line shows the running steps
 * and is redrawn; elsewhere every event is a line.
 * @param {{ stream?: NodeJS.WriteStream | NodeJS.WritableStream, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Progress}
 */
export function createProgress({ stream = process.stderr, env = process.env } = {}) {
  const tty = 'isTTY' in stream && stream.isTTY === true && env.TERM !== 'dumb' && !env.CI;
  const columns = () => ('columns' in stream && stream.columns) || 80;
  /** @type {Set<{ title: string, detail: string, start: number, lastLine: number }>} */
  const running = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const clear = () => tty && stream.write('\r\x1b[K');
  /** @param {string} line */
  const print = (line) => {
    clear();
    stream.write(`${line}\n`);
    draw();
  };
  const draw = () => {
    if (!tty || running.size === 0) return;
    const text = [...running].map((s) => `${s.title}${s.detail ? ` (${s.detail})` : ''} ${seconds(s.start)}`).join(' | ');
    stream.write(`\r\x1b[K${`… ${text}`.slice(0, columns() - 1)}`);
  };
  const tick = () => {
    if (tty) return draw();
    for (const s of running) {
      if (Date.now() - s.lastLine < QUIET_INTERVAL_S * 1000) continue;
      s.lastLine = Date.now();
      stream.write(`… ${s.title}: ${s.detail || 'still at it'}, ${seconds(s.start)}\n`);
    }
  };

  return {
    note: print,
    step(title) {
      const state = { title, detail: '', start: Date.now(), lastLine: Date.now() };
      running.add(state);
      timer ??= setInterval(tick, 1000).unref();
      if (tty) draw();
      else print(`· ${title}`);
      /** @param {string} mark @param {string} [detail] */
      const end = (mark, detail) => {
        if (!running.delete(state)) return;
        print(`${mark} ${title}${detail ? `: ${detail}` : ''} (${seconds(state.start)})`);
        if (running.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
      return {
        update(detail) {
          state.detail = detail;
          if (tty) draw();
        },
        done: (detail) => end('✓', detail),
        fail: (detail) => end('✗', detail),
      };
    },
  };
}

/** Progress that says nothing. @type {Progress} */
export const silent = {
  note() {},
  step: () => ({ update() {}, done() {}, fail() {} }),
};

/** @param {number} start milliseconds */
function seconds(start) {
  const s = (Date.now() - start) / 1000;
  return s < 60 ? `${s.toFixed(1)} s` : `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, '0')} s`;
}
