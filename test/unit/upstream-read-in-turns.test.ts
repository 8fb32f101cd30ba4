import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readInTurns } from '../../src/proxy/upstream/read-in-turns.ts';

const CHUNK = 64 * 1024;

/** A stream that always has more, up to this many chunks. */
function flood(chunks: number): Readable {
  let left = chunks;
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      this.push(left-- > 0 ? Buffer.alloc(CHUNK, left % 251) : null);
    },
  });
}

describe('reading in turns', () => {
  it('lets others go on between two turns of a stream that always has more', async () => {
    const stream = flood(10_000);
    let read = 0;
    readInTurns(stream, ({ length }) => (read += length));
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    assert.ok(read > 0 && read <= 20 * CHUNK, `${read} bytes in ten turns`);
    stream.destroy();
  });

  for (const [how, busyMs] of [['quick', 0], ['slow', 2]] as const) {
    it(`reads all of it, in order, where reading is ${how}`, async () => {
      const [plain, inTurns]: [Buffer[], Buffer[]] = [[], []];
      for await (const chunk of flood(30)) plain.push(chunk as Buffer);
      const stream = flood(30);
      readInTurns(stream, (chunk) => {
        inTurns.push(chunk);
        for (const until = performance.now() + busyMs; performance.now() < until; );
      });
      await new Promise((resolve) => stream.once('end', resolve));
      assert.ok(Buffer.concat(inTurns).equals(Buffer.concat(plain)));
    });
  }
});

describe('a flow that is held', () => {
  it('is not read, not even the rest of what came, until it is let go; then all of it comes, in order', async () => {
    const plain: Buffer[] = [];
    for await (const chunk of flood(10)) plain.push(chunk as Buffer);
    const stream = flood(10);
    const read: Buffer[] = [];
    let release: () => void = () => undefined;
    const flow = readInTurns(stream, (chunk) => {
      read.push(chunk);
      if (read.length % 20 === 1) flow.hold(new Promise((resolve) => (release = resolve)));
    });
    const ended = new Promise<void>((resolve) => stream.once('end', resolve));
    for (let holds = 1; ; holds++) {
      while (flow.held === undefined && !stream.readableEnded) await nextTurn();
      if (stream.readableEnded) break;
      const before = read.length;
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      assert.equal(read.length, before, `held the ${holds}. time`);
      release();
      await nextTurn();
    }
    await ended;
    assert.ok(Buffer.concat(read).equals(Buffer.concat(plain)));
  });
});
