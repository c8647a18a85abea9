/** The part of the Hugging Face Hub's HTTP interface that is used here, in a local server: revisions, trees in pages, downloads with a redirect. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeFile {
  readonly content: Buffer;
  /** kept in LFS: listed by SHA-256 and served by another origin */
  readonly lfs?: boolean;
}

export interface FakeRepo {
  readonly commit: string;
  readonly branch: string;
  readonly files: Record<string, FakeFile>;
  /** only with this token */
  readonly token?: string;
}

export interface FakeHub {
  readonly endpoint: string;
  /** "datasets/owner/name" or "models/owner/name" */
  readonly repos: Record<string, FakeRepo>;
  /** every request: "hub|cdn METHOD path authorization" */
  readonly requests: string[];
  /** changes what the next downloads send */
  tamper: (content: Buffer) => Buffer;
  /** sends the reader of a listing to the other origin for its next page */
  foreignPages: boolean;
  /** answers so many requests with 503 first */
  unavailable: number;
  stop(): Promise<void>;
}

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; origin: string }> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const gitHash = (content: Buffer) => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

export async function startFakeHub(repos: Record<string, FakeRepo>): Promise<FakeHub> {
  const state = { repos, requests: [] as string[], tamper: (content: Buffer) => content, foreignPages: false, unavailable: 0 };
  const log = (who: string, request: IncomingMessage) =>
    state.requests.push(`${who} ${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
  const json = (response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

  const cdn = await listen((request, response) => {
    log('cdn', request);
    const file = Object.values(state.repos)
      .flatMap((repo) => Object.values(repo.files))
      .find((f) => `/${sha256(f.content)}` === request.url);
    if (!file) return void response.writeHead(404).end();
    response.end(state.tamper(file.content));
  });

  const hub = await listen((request, response) => {
    log('hub', request);
    if (state.unavailable > 0) {
      state.unavailable--;
      return void response.writeHead(503).end();
    }
    const url = new URL(request.url!, 'http://hub');
    const api = /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(url.pathname);
    const download = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([0-9a-f]{40})\/(.+)$/.exec(url.pathname);
    const key = api ? `${api[1]}/${api[2]}` : download ? `${download[1] ? 'datasets' : 'models'}/${download[2]}` : '';
    const repo = state.repos[key];
    // the Hub answers 401, not 404, to a stranger who asks for what is not there
    if (!repo || (repo.token && request.headers.authorization !== `Bearer ${repo.token}`))
      return void json(response, 401, { error: 'Repository not found' });
    if (api) {
      const revision = decodeURIComponent(api[4]);
      if (revision !== repo.branch && revision !== repo.commit)
        return void json(response, 404, { error: `Invalid rev id: ${revision}` });
      if (api[3] === 'revision')
        return void json(response, 200, {
          _id: '1',
          id: api[2],
          sha: repo.commit,
          lastModified: '2026-01-01T00:00:00Z',
          private: false,
          gated: false,
          downloads: 0,
          likes: 0,
        });
      const folders = new Set(
        Object.keys(repo.files).flatMap((path) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : [])),
      );
      const entries = [
        ...[...folders].map((path) => ({ type: 'directory', path, oid: '0'.repeat(40), size: 0 })),
        ...Object.entries(repo.files).map(([path, { content, lfs }]) => ({
          type: 'file',
          path,
          size: content.length,
          oid: lfs ? 'f'.repeat(40) : gitHash(content),
          ...(lfs ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : {}),
        })),
      ];
      // pages of two
      const from = Number(url.searchParams.get('cursor') ?? 0);
      url.searchParams.set('cursor', String(from + 2));
      const link: Record<string, string> =
        from + 2 < entries.length
          ? {
              link: `<${state.foreignPages ? cdn.origin : `http://${request.headers.host}`}${url.pathname}${url.search}>; rel="next"`,
            }
          : {};
      return void json(response, 200, entries.slice(from, from + 2), link);
    }
    const file = download && repo.commit === download[3] ? repo.files[decodeURIComponent(download[4])] : undefined;
    if (!file) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    if (file.lfs) return void response.writeHead(302, { location: `${cdn.origin}/${sha256(file.content)}` }).end();
    response.end(state.tamper(file.content));
  });

  return Object.assign(state, {
    endpoint: hub.origin,
    async stop() {
      for (const { server } of [hub, cdn]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  });
}
