import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { grep } from '../../src/proxy/output/grep.ts';

async function found(text: string, pattern: string, limit = 10_000): Promise<{ text: string; next: string | undefined }> {
  const read = await grep(text, pattern, limit);
  assert.ok(read.ok, JSON.stringify(read));
  return read;
}

describe('grep', () => {
  const log = 'start\nalpha\nbeta\nerror: one\ngamma\ndelta\nepsilon\nError: two\n';

  it('shows matching lines with numbers and a line of context', async () => {
    assert.equal((await found(log, 'error')).text, '3-beta\n4:error: one\n5-gamma');
  });

  it('marks places that are apart', async () => {
    assert.equal((await found(log, '/error/i')).text, '3-beta\n4:error: one\n5-gamma\n--\n7-epsilon\n8:Error: two');
  });

  it('takes a pattern without slashes as plain text', async () => {
    assert.equal((await found('a.c\nabc\n', 'a.c')).text, '1:a.c\n2-abc');
  });

  it('says when nothing matches', async () => {
    assert.deepEqual(await found(log, 'zeta'), { ok: true, text: 'None of the 8 lines holds this.', total: Buffer.byteLength(log), next: undefined });
  });

  it('shows places of a long line with the byte offset to read on at', async () => {
    const text = `short é\n${'é'.repeat(1_000)}needle${'x'.repeat(1_000)}needle${'y'.repeat(500)}`;
    const lines = (await found(text, 'needle')).text.split('\n');
    assert.equal(lines.length, 3);
    for (const line of lines.slice(1)) {
      const place = /^2@(\d+):…(.*)…$/s.exec(line);
      assert.ok(place, line);
      const [, offset, snippet = ''] = place;
      assert.ok(snippet.includes('needle'));
      const bytes = Buffer.from(text).subarray(Number(offset));
      assert.ok(bytes.toString('utf8').startsWith(snippet));
    }
  });

  it('stays within the limit, counts the rest and names where it stopped', async () => {
    const text = Array.from({ length: 500 }, (_, i) => `match number ${i}`).join('\n');
    const read = await found(text, 'match', 1_000);
    assert.ok(read.text.length <= 1_000);
    const shown = read.text.split('\n').filter((line) => /^\d+:/.test(line));
    assert.ok(shown.length > 30);
    assert.ok(read.text.includes(`(${500 - shown.length} more matching lines`));
    const { offset } = JSON.parse(read.next ?? '') as { offset: number };
    assert.ok(Buffer.from(text).subarray(offset).toString('utf8').startsWith(`match number ${shown.length}\n`));
  });

  it('refuses an unsafe or broken regular expression with the reason', async () => {
    const read = await grep(log, '/(?=x)/', 1_000);
    assert.ok(!read.ok && read.problem.includes('lookahead'));
    const empty = await grep(log, '', 1_000);
    assert.ok(!empty.ok);
  });

  it('lets others run while it reads many lines', async () => {
    let turns = 0;
    const turn = setInterval(() => turns++, 1);
    const read = await found('short\n'.repeat(400_000), 'absent');
    clearInterval(turn);
    assert.match(read.text, /None of the 400000 lines/);
    assert.ok(turns >= 5, `${turns} turns`);
  });

  it('gives up on a pattern that costs too much, letting others run meanwhile', async () => {
    const states = '(a|b|c|d|e|f|g|h|.)'.repeat(20);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const read = await grep('x'.repeat(2_000_000), `/${states}[0-9]/`, 1_000);
    clearInterval(timer);
    assert.ok(!read.ok && read.problem.includes('too long'));
    assert.ok(turns > 10);
  });
});
