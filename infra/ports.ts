/** Free TCP ports on the loopback interface. */
import { createServer } from 'node:net';

/**
 * The preferred port if it is free, else one the system gives.
 * Nothing reserves it: another process may take it before it is used, so whoever binds it tries again.
 */
export async function freePort(preferred = 0): Promise<number> {
  return (await portIfFree(preferred)) ?? (await portIfFree(0)) ?? 0;
}

function portIfFree(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
