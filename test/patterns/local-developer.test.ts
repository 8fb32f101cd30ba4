import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: local developer', { timeout: 240_000 }, () => {
  const local = new Pattern('local-developer', { EDITION: '1' });
  before(() => local.start());

  it('starts nothing and offers nothing that a folder brought', async () => {
    assert.deepEqual(await listed(local.modern()), ['read_cache']);
    assert.notEqual(codeOf(await call(local.modern(), 'notes_read_note', { name: 'x' })), undefined);
    assert.match((await local.run(local.command('quarantine', 'list'))).stdout, /notes/);
    assert.ok(!local.serve.log.some(({ server }) => server === 'notes'), 'no line of a start');
  });

  it('offers what was approved, at once', async () => {
    assert.equal((await local.run(local.command('upstream', 'approve'))).code, 0);
    await eventually(async () => ((await listed(local.modern())).includes('notes_read_note') ? true : undefined));
    assert.equal(said(await call(local.modern(), 'notes_read_note', { name: 'x' })).tool, 'read_note');
  });

  it('holds a tool that became another, and only that', async () => {
    await local.restart({ EDITION: '2' });
    // The server starts with its first call, and says then what it has now.
    assert.equal(said(await call(local.modern(), 'notes_write_note', { name: 'x', body: 'y' })).tool, 'write_note');
    await eventually(async () => ((await listed(local.modern())).includes('notes_read_note') ? undefined : true));
    assert.notEqual(codeOf(await call(local.modern(), 'notes_read_note', { name: 'x' })), undefined);
    assert.ok((await listed(local.modern())).includes('notes_write_note'));
    assert.match((await local.run(local.command('quarantine', 'list'))).stdout, /read_note.*changed|changed.*read_note/);
  });
});
