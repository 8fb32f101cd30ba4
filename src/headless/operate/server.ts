import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readBody } from '../../proxy/downstream/body.ts';
import { guardContent, guardRequest, type GuardPolicy } from '../../proxy/downstream/guard.ts';
import { refusal, refuseUnread, sendJson, type Refusal } from '../../proxy/downstream/http.ts';
import { hostsAt, listenOnLoopback, LOOPBACK } from '../../proxy/downstream/loopback.ts';
import { messageOf, VestibuleError } from '../../proxy/errors.ts';
import type { Disposable } from '../../proxy/events.ts';
import { sha256Bytes } from '../../proxy/json/sha256.ts';
import { Actions, BadRequest, type Operated } from './actions.ts';
import { statusOf } from './status.ts';

/** Where and for whom it answers. */
export interface OperateOptions {
  readonly gateway: Operated;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly token: string;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** An endpoint that answers an operator. */
export interface OperateEndpoint extends Disposable {
  readonly url: string;
}

const BODY_BYTES = 16 * 1024;
const UNAUTHORIZED = refusal(401, 'A valid bearer token is required', { 'www-authenticate': 'Bearer' });
const NOT_FOUND = refusal(404, 'Not found');
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/;

/**
 * Listens on 127.0.0.1 for an operator's own token: what stands how, and a few actions that loosen nothing a person
 * decided. A port of its own, so that what agents reach has no such paths.
 * @throws VestibuleError `cannot-bind`
 */
export async function openOperate(options: OperateOptions): Promise<OperateEndpoint> {
  const { gateway, log, port, token } = options;
  const hash = sha256Bytes(token);
  const actions = new Actions(gateway, log);
  const hosts = new Set<string>();
  const policy: GuardPolicy = { hosts, origins: new Set() };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<Refusal | undefined> {
    const refused = guardRequest(req, policy);
    if (refused !== undefined) return refused;
    const presented = BEARER.exec(req.headers.authorization ?? '')?.[1];
    if (presented === undefined || !timingSafeEqual(sha256Bytes(presented), hash)) return UNAUTHORIZED;
    if (req.method === 'GET' && req.url === '/status') {
      sendJson(res, 200, JSON.stringify(statusOf(gateway.snapshot())));
      return undefined;
    }
    const action = req.method === 'POST' ? actions.named(req.url ?? '') : undefined;
    if (action === undefined) return NOT_FOUND;
    const bad = guardContent(req, BODY_BYTES);
    if (bad !== undefined) return bad;
    const body = await readBody(req, BODY_BYTES);
    if ('problem' in body) return refusal(400, 'The body is no JSON in UTF-8 of at most 16 KiB');
    try {
      await action(body.text);
      sendJson(res, 200, '{"done":true}');
    } catch (error) {
      const known = VestibuleError.is(error);
      if (!known && !(error instanceof BadRequest)) log('error', `An operator's request failed: ${messageOf(error)}`);
      const status = error instanceof BadRequest ? error.status : known && error.reason === 'not-found' ? 404 : known ? 409 : 500;
      sendJson(res, status, JSON.stringify({ error: known ? { reason: error.reason, action: error.action } : { reason: error instanceof BadRequest ? error.message : 'internal' } }));
    }
    return undefined;
  }

  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16 * 1024 }, (req, res) => {
    answer(req, res).then(
      (refused) => refused !== undefined && refuseUnread(req, res, refused, 2 * BODY_BYTES),
      (error: unknown) => {
        log('error', `An operator's request failed: ${messageOf(error)}`);
        res.destroy();
      },
    );
  });
  server.maxConnections = 16;
  const bound = await listenOnLoopback(server, port, (error) => log('error', `The endpoint for operators failed: ${error.message}`)).catch((cause: unknown) => {
    throw new VestibuleError('cannot-bind', `The port ${port} for operators cannot be listened on.`, { action: 'Give another one with --operate, or 0 for one that is free.', cause });
  });
  for (const host of hostsAt(bound)) hosts.add(host);
  return {
    url: `http://${LOOPBACK}:${bound}`,
    dispose: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
