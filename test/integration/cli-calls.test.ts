import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openJournal } from '../../src/proxy/journal/journal.ts';
import type { CallEntry, CallRecord } from '../../src/proxy/journal/types.ts';
import { inPlace, run } from '../fixtures/cli.ts';
import { makePlace, type Place, type Run } from '../fixtures/serve.ts';

const CALL: CallEntry = {
  time: Date.parse('2026-01-01T00:00:00Z'), id: 'c', session: 's', agent: 'codex', client: 'test 1', server: 'github', tool: 'search', digest: undefined,
  route: 'call_tool', arguments: '{"query":"Needle"}', outcome: 'ok', code: undefined, durationMs: 1, bytesIn: 1, bytesOut: 1, truncated: false, findings: [], traceparent: undefined,
};

describe('vestibule calls', { timeout: 120_000 }, () => {
  let place: Place;
  const vestibule = (...args: string[]): Promise<Run> => run(inPlace(place, args));
  const ids = async (...args: string[]): Promise<string[]> => (JSON.parse((await vestibule('calls', '--json', ...args)).stdout) as CallRecord[]).map(({ id }) => id);

  before(async () => {
    place = await makePlace();
    await mkdir(place.data, { recursive: true });
    const journal = await openJournal({ dir: join(place.data, 'journal'), log: () => undefined });
    journal.append({ ...CALL, id: 'one' });
    journal.append({ ...CALL, id: 'two', tool: 'create', arguments: '{}', time: CALL.time + 3_600_000 });
    journal.append({ ...CALL, id: 'three', server: 'jira', outcome: 'refused', code: 'paused', time: CALL.time + 7_200_000 });
    await journal.close();
  });
  after(() => place.dispose());

  it('are found by tool, time and text', async () => {
    assert.deepEqual(await ids(), ['one', 'two', 'three']);
    assert.deepEqual(await ids('--tool', 'search'), ['one', 'three']);
    assert.deepEqual(await ids('--since', '2026-01-01T00:30:00Z', '--until', '2026-01-01T01:30:00Z'), ['two']);
    assert.deepEqual(await ids('--text', 'nEEDLE', '--server', 'github'), ['one']);
    assert.equal((await vestibule('calls', '--until', 'yesterday')).code, 2);
  });

  it('are exported to standard output or a file that is whole or not there', async () => {
    const lines = (await vestibule('calls', 'export', '--outcome', 'refused')).stdout.trim().split('\n');
    assert.deepEqual(lines.map((line) => (JSON.parse(line) as CallRecord).id), ['three']);
    const out = join(place.workspace, 'calls.har');
    assert.deepEqual(await vestibule('calls', 'export', '--format', 'har', '--out', out), { code: 0, stdout: '', stderr: '' });
    assert.equal((JSON.parse(await readFile(out, 'utf8')) as { log: { entries: unknown[] } }).log.entries.length, 3);
    if (process.platform !== 'win32') assert.equal((await stat(out)).mode & 0o077, 0);
    assert.deepEqual((await readdir(place.workspace)).filter((name) => name.includes('partial')), []);
  });

  it('are not exported in an unknown form, nor to where nothing can be written', async () => {
    assert.equal((await vestibule('calls', 'export', '--format', 'xml')).code, 2);
    const { code, stderr } = await vestibule('calls', 'export', '--out', join(place.workspace, 'no', 'such', 'folder', 'x'));
    assert.equal(code, 2);
    assert.match(stderr, /could not be written: .*\n {2}Choose a file/);
  });
});
