import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { DEFAULT_LIMITS } from '../../src/proxy/downstream/limits.ts';
import { ResumableStream } from '../../src/proxy/downstream/resumable-stream.ts';
import { EventReader, open } from './downstream-kit.ts';

/** A server whose responses the test holds in its hands. */
async function startServer(): Promise<{ connect(): Promise<{ readonly res: ServerResponse; reader(): Promise<EventReader> }> } & AsyncDisposable> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async connect() {
      const response = open(port, { method: 'GET' });
      const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
      return { res, reader: async () => new EventReader(await response) };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('ResumableStream', () => {
  it('keeps what was sent without a connection, and ends once the rest is delivered', async () => {
    await using server = await startServer();
    const disconnects: boolean[] = [];
    const stream = new ResumableStream('p1', false, DEFAULT_LIMITS, (self) => disconnects.push(self.delivered));
    const first = await server.connect();
    stream.attach(first.res, { prime: false });
    stream.send('{"n":1}');
    const reader = await first.reader();
    const seen = await reader.next();
    assert.equal(seen?.id, 'p1-1');
    reader.close();
    await once(first.res, 'close');
    assert.equal(stream.connected, false);
    stream.send('{"n":2}');
    stream.finish('{"n":3}');
    assert.equal(stream.delivered, false);
    const second = await server.connect();
    const closed = once(second.res, 'close');
    stream.attach(second.res, { lastEventId: seen.id, prime: true });
    const rest = await second.reader();
    assert.deepEqual([(await rest.next())?.data, (await rest.next())?.data, await rest.next()], ['{"n":2}', '{"n":3}', undefined]);
    await closed;
    assert.deepEqual(disconnects, [false, true]);
  });

  it('has one connection: a newer one ends the one before, without losing the stream', async () => {
    await using server = await startServer();
    let disconnects = 0;
    const stream = new ResumableStream('g1', true, DEFAULT_LIMITS, () => disconnects++);
    const first = await server.connect();
    stream.attach(first.res, { prime: true });
    const old = await first.reader();
    assert.deepEqual([(await old.next())?.id, old.retry], ['g1-0', DEFAULT_LIMITS.retryMs]);
    const second = await server.connect();
    const closed = once(first.res, 'close');
    stream.attach(second.res, { lastEventId: 'g1-0', prime: true });
    assert.equal(await old.next(), undefined);
    await closed;
    assert.deepEqual([stream.connected, disconnects], [true, 0]);
    stream.send('{"n":1}');
    const reader = await second.reader();
    assert.equal((await reader.next())?.data, '{"n":1}');
    reader.close();
  });
});
