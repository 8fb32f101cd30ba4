/* The endpoint for operators as a server of its own: what becomes of its errors, and by which names it answers. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Server, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { openOperate } from '../../src/headless/operate/server.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';

const TOKEN = 'an-operator-token-of-forty-characters-00';

/** Nothing here gets as far as the gateway. */
const unused = (): never => assert.fail();
const GATEWAY = { snapshot: unused, pause: unused, restart: unused, reload: unused };

interface Opened {
  readonly server: Server;
  /** Where it really listens. */
  readonly port: number;
  readonly log: readonly string[];
}

/** An endpoint without a gateway behind it. @param told the port it takes itself to have: a test may not listen on just any */
async function open(context: TestContext, told?: number): Promise<Opened> {
  const log: string[] = [];
  const servers: Server[] = [];
  const asked = context.mock.method(Server.prototype, 'address', function (this: Server) {
    asked.mock.restore();
    servers.push(this);
    const real = this.address() as AddressInfo;
    return told === undefined ? real : { ...real, port: told };
  });
  const endpoint = await openOperate({ gateway: GATEWAY, port: 0, token: TOKEN, log: (level, message) => log.push(`${level}: ${message}`) });
  context.after(() => endpoint.dispose());
  const server = servers[0] ?? assert.fail();
  return { server, port: (server.address() as AddressInfo).port, log };
}

/** What a request by this name is answered; 404 when the name is one of its own. */
function statusFor(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/nothing', headers: { authorization: `Bearer ${TOKEN}`, host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the endpoint for operators', { timeout: 60_000 }, () => {
  it('logs each error of its server, and goes on', async (context) => {
    const { server, port, log } = await open(context);
    for (const message of ['first', 'second']) server.emit('error', new Error(message));
    assert.deepEqual(log, ['error: The endpoint for operators failed: first', 'error: The endpoint for operators failed: second']);
    assert.equal(await statusFor(port, `127.0.0.1:${port}`), 404);
  });

  it('says so when its port is taken', async (context) => {
    const { port } = await open(context);
    await assert.rejects(openOperate({ gateway: GATEWAY, port, token: TOKEN, log: unused }), (error) => VestibuleError.is(error, 'cannot-bind') && /--operate/.test(error.action));
  });

  it('answers by its name with the port, and without it only where that is the one of the scheme', async (context) => {
    const other = await open(context);
    const scheme = await open(context, 80);
    for (const name of ['127.0.0.1', 'localhost']) {
      assert.deepEqual([await statusFor(other.port, `${name}:${other.port}`), await statusFor(other.port, name)], [404, 403]);
      assert.deepEqual([await statusFor(scheme.port, `${name}:80`), await statusFor(scheme.port, name), await statusFor(scheme.port, `${name}:81`)], [404, 404, 403]);
    }
    assert.equal(await statusFor(scheme.port, 'evil.example'), 403);
  });
});
