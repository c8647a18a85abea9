/** TCP ports on the loopback interface for servers that we start. */
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { HabsburgError } from '../common/errors.js';

/** A port that the system gives is free for TCP, and for UDP almost always. */
const ATTEMPTS = 50;

/** What keeps other Habsburg processes off a port, by port. */
const reserved = new Map<number, Socket>();

/**
 * The preferred port if nobody has it, else one the system gives.
 * It is ours until releasePort() or our end: of two processes that see a free port at the same moment only one gets it. The
 * other would take the first one's server for its own, as that answers where it expects an answer. (The UDP port of the same
 * number is the lock: it is exclusive for all users of a network, needs no file, and goes with its process.)
 * Programs that know nothing of this may still take the port before it is bound, so whoever binds it tries again.
 */
export async function reservePort(preferred = 0): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = attempt === 0 && preferred !== 0 ? preferred : await systemPort();
    const lock = await lockOf(port);
    if (lock === 'taken') continue;
    if (lock !== 'none') reserved.set(port, lock);
    if (await isFree(port)) return port;
    releasePort(port);
  }
  throw new HabsburgError('unreachable', 'no port on 127.0.0.1 is free; is the loopback interface up?');
}

export function releasePort(port: number): void {
  reserved.get(port)?.close();
  reserved.delete(port);
}

/** A port that nobody uses now; nothing keeps others off it. */
export async function systemPort(): Promise<number> {
  const port = await bind(0);
  if (port === undefined)
    throw new HabsburgError('unreachable', 'the system gives no TCP port on 127.0.0.1; is the loopback interface up?');
  return port;
}

const isFree = async (port: number): Promise<boolean> => (await bind(port)) !== undefined;

/** Listens for a moment; undefined where the port is taken or not allowed. */
function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** `none`: there is no UDP here, and so nothing to lock with. */
function lockOf(port: number): Promise<Socket | 'taken' | 'none'> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code === 'EADDRINUSE' ? 'taken' : 'none');
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      socket.unref();
      resolve(socket);
    });
  });
}
