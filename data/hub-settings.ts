/** Where the Hugging Face Hub is and who asks: the same environment variables as huggingface_hub in Python. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fromSystemError, HabsburgError } from '../common/errors.js';

export interface HubSettings {
  /** HF_ENDPOINT, without a slash at its end */
  readonly endpoint: string;
  /** HF_TOKEN, or the file that `hf auth login` writes; sent to the endpoint's origin alone */
  readonly token?: string;
  /** HF_HUB_OFFLINE: only the cache is read */
  readonly offline: boolean;
  /** HF_HUB_CACHE, or HF_HOME/hub: the layout is Python's, and shared with it */
  readonly cacheDir: string;
}

export function hubSettings(env: NodeJS.ProcessEnv = process.env): HubSettings {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  const token = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || readToken(env.HF_TOKEN_PATH || join(home, 'token'));
  const endpoint = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#@]+(\/[^?#@]*)?$/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HabsburgError('invalid', 'HF_ENDPOINT is no url of a Hub; write e.g. https://huggingface.co');
  }
  return {
    endpoint,
    ...(token ? { token: token.trim() } : {}),
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    cacheDir: env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub'),
  };
}

function readToken(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // nobody logged in
  }
}

/** A fetch that knows the token and the pace, and whose failures are sentences. */
export function hubFetch(settings: HubSettings): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    // fetch drops the header on a redirect to another origin, a signed download link for instance
    if (settings.token && url.origin === new URL(settings.endpoint).origin)
      headers.set('authorization', `Bearer ${settings.token}`);
    for (let attempt = 0; ; attempt++) {
      const last = attempt === 3;
      try {
        const response = await fetch(url, { ...init, headers });
        if (last || (response.status < 500 && response.status !== 429)) return response;
        await response.body?.cancel();
      } catch (error) {
        if (last) throw unreachable(error, settings);
      }
      await new Promise((done) => setTimeout(done, 200 * 4 ** attempt));
    }
  };
}

export function unreachable(error: unknown, settings: HubSettings): HabsburgError {
  const cause = (error as { cause?: unknown }).cause ?? error;
  const text = (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
  return new HabsburgError(
    'unreachable',
    `the Hub at ${settings.endpoint} cannot be reached (${text}); check the network, set HF_ENDPOINT to a mirror, or HF_HUB_OFFLINE=1 where the files are in ${settings.cacheDir}`,
    { cause: error },
  );
}

/** What a Hub request's failure means to the user. @param what e.g. "dataset a/b at main" */
export function hubError(error: unknown, what: string, settings: HubSettings): HabsburgError {
  const status = (error as { statusCode?: number }).statusCode;
  if (status === 401 || status === 403) {
    const how = settings.token
      ? 'the token of HF_TOKEN may not read it (gated repositories need their terms accepted on the Hub)'
      : 'it is private, gated or does not exist; set HF_TOKEN to a token that may read it';
    return new HabsburgError('invalid', `${what}: the Hub at ${settings.endpoint} refuses access (${status}); ${how}`);
  }
  if (status === 404)
    return new HabsburgError('notFound', `${what} does not exist at ${settings.endpoint}; check owner, name and revision`);
  if (status !== undefined && (status >= 500 || status === 429)) return unreachable(new Error(`HTTP ${status}`), settings);
  return fromSystemError(error, what);
}
