import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { logFileOf, UpstreamLogs } from '../../src/proxy/upstream/log-store.ts';
import type { UpstreamLogLine } from '../../src/proxy/upstream/types.ts';

describe('logs of upstreams', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vestibule-logs-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const line = (text: string, server = 'a/../b'): UpstreamLogLine => ({ at: 1, server, source: 'stderr', text });

  it('are kept redacted and bounded, in memory and in one file per server inside the folder', async () => {
    const logs = new UpstreamLogs(dir, (text) => text.replaceAll('hunter2', '[redacted]'));
    const heard: string[] = [];
    logs.onLine(({ text }) => heard.push(text));
    logs.append(line('password is hunter2'));
    logs.append(line('x'.repeat(10_000)));
    await logs.flush();
    assert.equal(heard[0], 'password is [redacted]');
    assert.equal(logs.lines('a/../b').length, 2);
    assert.ok((logs.lines('a/../b')[1]?.text.length ?? 0) < 5_000);
    const file = logFileOf(dir, 'a/../b');
    assert.ok(file.startsWith(dir));
    const written = await readFile(file, 'utf8');
    assert.doesNotMatch(written, /hunter2/);
    assert.equal(written.trim().split('\n').length, 2);
  });

  it('keep the last lines only, and say what a slow disk made them drop', async () => {
    const logs = new UpstreamLogs(dir, (text) => text);
    for (let i = 0; i < 5_000; i++) logs.append(line(`line ${i}`, 'loud'));
    assert.equal(logs.lines('loud').length, 500);
    assert.equal(logs.lines('loud').at(-1)?.text, 'line 4999');
    await logs.flush();
    logs.append(line('after', 'loud'));
    await logs.flush();
    assert.match(await readFile(logFileOf(dir, 'loud'), 'utf8'), /log lines were dropped/);
  });
});
