import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { call, codeOf, Pattern, said, textOf } from './kit.ts';

describe('pattern: regulated finance', { timeout: 240_000 }, () => {
  const finance = new Pattern('regulated-finance');
  before(() => finance.start());

  it('refuses what destroys or does not say what it does, and never sends it', async () => {
    const agent = finance.modern();
    assert.equal(codeOf(await call(agent, 'payments_transfer', { from: 'a', to: 'b', amount: '1' })), 'consent_declined');
    assert.equal(codeOf(await call(agent, 'reports_run_report', { name: 'all' })), 'consent_declined');
    // The server counts: this is the first call that reached it.
    assert.equal(said(await call(agent, 'payments_get_balance', { account: 'a' })).calls, 1);
  });

  it('keeps secrets from the agent and from the record', async () => {
    const answer = textOf(await call(finance.modern(), 'payments_list_keys'));
    assert.match(answer, /since 2026-01-01/);
    assert.doesNotMatch(answer, /AKIA/);
    await call(finance.modern(), 'payments_get_balance', { account: 'AKIAIOSFODNN7EXAMPLX' });
    assert.doesNotMatch((await finance.vestibule('calls', '--json')).stdout, /AKIA/);
  });

  it('proves its record, and finds one changed byte', async () => {
    assert.equal(await finance.serve.stop(), 0);
    const verify = finance.command('calls', 'verify');
    const { code, stdout } = await finance.run(verify);
    assert.deepEqual([code, /^\d+ lines, unbroken/.test(stdout)], [0, true], stdout);
    const folder = join(finance.data, 'journal');
    const [segment = ''] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
    const text = await readFile(join(folder, segment), 'utf8');
    assert.match(text, /"outcome":"refused"/);
    await writeFile(join(folder, segment), text.replace('"outcome":"refused"', '"outcome":"ok"'));
    const broken = await finance.run(verify);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, new RegExp(`${segment.replaceAll('.', '\\.')}:\\d+: `));
  });
});
