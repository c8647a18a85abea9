/** A proxy in front of a test S3 server that answers some requests wrongly; Host passes through, so signatures hold. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: a refusal by status and code, or what happens on the way. */
export type Fault =
  | readonly [status: number, code: string]
  /** half of the body, with a content-length that says so */
  | 'short'
  | 'flipped'
  | 'cut'
  | 'stalled'
  | 'reset'
  /** done by the server, but nobody hears of it */
  | 'unheard'
  | 'log-in page'
  | 'not found page'
  | 'garbled XML'
  | 'no date';

export interface FaultyProxy {
  readonly endpoint: string;
  /** requests since `fault` was last called, and how many of them were answered wrongly */
  readonly counts: { requests: number; faults: number };
  /** @param when which requests; default: all */
  fault(fault: Fault | undefined, when?: (request: IncomingMessage) => boolean): void;
  stop(): Promise<void>;
}

export async function startFaultyProxy(upstream: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(upstream);
  const counts = { requests: 0, faults: 0 };
  let fault: Fault | undefined;
  let when: (request: IncomingMessage) => boolean = () => true;

  function page(answer: ServerResponse, q: IncomingMessage, status: number, type: string, body: string): void {
    q.resume();
    q.on('end', () => {
      answer.writeHead(status, { 'content-type': type, connection: 'close' });
      answer.end(q.method === 'HEAD' ? undefined : body);
    });
  }

  const server = createServer((q, answer) => {
    counts.requests++;
    const now = fault !== undefined && when(q) ? fault : undefined;
    if (now !== undefined) counts.faults++;
    if (Array.isArray(now)) {
      const [status, code] = now as readonly [number, string];
      return page(answer, q, status, 'application/xml', `<Error><Code>${code}</Code><Message>chaos</Message></Error>`);
    }
    if (now === 'log-in page') return page(answer, q, 200, 'text/html', '<html>Please log in</html>');
    if (now === 'not found page') return page(answer, q, 404, 'text/html', '<html>Not found</html>');
    if (now === 'reset') return void q.socket.resetAndDestroy();
    const up = request({ hostname, port, method: q.method, path: q.url, headers: q.headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        if (now === 'unheard') return void q.socket.resetAndDestroy();
        let body = Buffer.concat(chunks);
        const headers = { ...reply.headers };
        const half = body.subarray(0, body.length >> 1);
        if (now === 'flipped' && body.length > 0) (body = Buffer.from(body))[body.length >> 1] ^= 1;
        if (now === 'short') body = half;
        if (now === 'garbled XML') body = Buffer.from('<?xml version="1.0"?><ListBuck');
        if (now === 'no date') headers['last-modified'] = 'some day';
        if (now === 'short' || now === 'garbled XML') {
          headers['content-length'] = String(body.length);
          delete headers['transfer-encoding'];
        }
        answer.writeHead(reply.statusCode!, headers);
        if (now === 'stalled') answer.write(half);
        else if (now === 'cut') answer.write(half, () => setTimeout(() => q.socket.destroy(), 10));
        else answer.end(body);
      });
    });
    up.on('error', () => answer.destroy());
    q.pipe(up);
  });
  server.on('connection', (socket) => socket.on('error', () => undefined));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    fault(next, which = () => true) {
      fault = next;
      when = which;
      counts.requests = counts.faults = 0;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** The first `n` of those requests. */
export function first(n: number, which: (request: IncomingMessage) => boolean = () => true) {
  let left = n;
  return (q: IncomingMessage) => which(q) && left-- > 0;
}
