import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { RedirectKind } from './vault.ts';
import { SignInError } from './sign-in-error.ts';

/** What became of an answer that the browser brought: used, a refusal of this sign-in, or none of this sign-in. */
export type Taken = 'used' | 'refused' | 'foreign';

/** A place where the browser comes back to. */
export interface OpenRedirect {
  readonly kind: RedirectKind;
  /** What the authorization server is told. */
  readonly redirectUri: string;
  /** Takes every answer that arrives until it is disposed. */
  onAnswer: ((redirect: URL) => Taken) | undefined;
  dispose(): void;
}

/** A way for the browser to come back. */
export interface RedirectWay {
  readonly kind: RedirectKind;
  /**
   * Opens it.
   * @param former the redirect of an earlier registration, to be used again if possible
   * @param port to listen on, where the person says which
   * @throws SignInError `port-taken`
   */
  open(former: string | undefined, port: number | undefined): Promise<OpenRedirect>;
}

const HOST = '127.0.0.1';
const PATH = '/callback';
const MAX_URL = 16_384;
/** Milliseconds for which a page that comes late (a double click, the back button) is still told how things stand. */
const LINGER_MS = 60_000;

const TEXTS: Readonly<Record<Taken | 'over', string>> = {
  used: 'You can close this page and go back to your editor or terminal.',
  refused: 'Access was not granted. You can close this page; nothing was kept.',
  foreign: 'This answer belongs to no sign-in that is under way. Go back to your editor or terminal and sign in from there.',
  over: 'This sign-in is over. You can close this page and go back to your editor or terminal.',
};
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  connection: 'close',
} as const;

/** A listener on this machine, on a port the system chooses (RFC 8252 §7.3). */
export const loopbackWay: RedirectWay = {
  kind: 'loopback',
  async open(former, port) {
    const wished = port ?? portOf(former);
    await lingering.get(wished ?? 0)?.end();
    const server = createServer({ maxHeaderSize: MAX_URL, requestTimeout: 10_000 });
    const taken = await listen(server, wished ?? 0);
    if (taken && port !== undefined) {
      throw new SignInError('redirect', 'port-taken', `Port ${port} of this machine is in use by another program.`, { action: 'End that program, or change "redirectPort" under "oauth" of this server.' });
    }
    if (taken) await listen(server, 0);
    return new Loopback(server);
  },
};

/** Listeners whose sign-in is over, by port: the next sign-in may want the port back. */
const lingering = new Map<number, Loopback>();

class Loopback implements OpenRedirect {
  readonly kind = 'loopback';
  readonly redirectUri: string;
  readonly #server: Server;
  readonly #port: number;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  onAnswer: ((redirect: URL) => Taken) | undefined;

  constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.#port = port;
    const origin = `http://${HOST}:${port}`;
    this.redirectUri = `${origin}${PATH}`;
    server.on('request', (request, response) => {
      const url = URL.canParse(request.url ?? '', origin) ? new URL(request.url ?? '', origin) : undefined;
      // Another host name leads here only by DNS rebinding.
      const ours = request.method === 'GET' && url?.pathname === PATH && url.origin === origin && request.headers.host === `${HOST}:${port}`;
      const taken = ours && !this.#over ? (this.onAnswer?.(url) ?? 'foreign') : 'foreign';
      response.writeHead(taken !== 'foreign' || (ours && this.#over) ? 200 : ours ? 400 : 404, PAGE_HEADERS);
      response.end(page(TEXTS[ours && this.#over ? 'over' : taken]));
    });
  }

  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.onAnswer = undefined;
    lingering.set(this.#port, this);
    // It keeps no process from ending.
    this.#server.unref();
    this.#timer = setTimeout(() => void this.end(), LINGER_MS).unref();
  }

  /** Frees the port. Resolves when that is done. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    lingering.delete(this.#port);
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** @returns true when the port is taken */
async function listen(server: Server, port: number): Promise<boolean> {
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
    return false;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (port !== 0 && (code === 'EADDRINUSE' || code === 'EACCES')) return true;
    throw new SignInError('redirect', 'port-taken', 'No port of this machine is free for the answer of the browser.', { action: 'End programs that use many ports, then sign in again.', cause: error });
  }
}

function portOf(redirectUri: string | undefined): number | undefined {
  const url = redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  return url?.hostname === HOST && url.pathname === PATH && url.port !== '' ? Number(url.port) : undefined;
}

function page(text: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Vestibule</title><body style="font: 16px system-ui; margin: 4rem auto; max-width: 32rem"><h1 style="font-size: 1.25rem">Vestibule</h1><p>${text}</p></body></html>`;
}
