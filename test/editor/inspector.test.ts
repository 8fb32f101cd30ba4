/* The inspector as a person uses it: real calls of an agent, real clicks and keys, in the real editor. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { type ChangingServer, type Definition, startChangingServer } from '../fixtures/changing-server.ts';
import { agentAt, connectCursor, type Door } from './harness/agent.ts';
import { runFolder } from './harness/folders.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const LONG = { timeout: 60_000 };

const inputSchema = { type: 'object', properties: { path: { type: 'string' }, note: { type: 'string' } } };
const TOOLS: readonly Definition[] = [
  { name: 'read', description: 'Reads one note by its path.', inputSchema, annotations: { readOnlyHint: true } },
  { name: 'write', description: 'Writes a note.', inputSchema, annotations: { readOnlyHint: false, destructiveHint: false } },
  { name: 'erase', description: 'Erases every note.', inputSchema, annotations: { destructiveHint: true } },
];
const ARCHIVE: Definition = { name: 'archive', description: 'Puts a note into the archive.', inputSchema, annotations: { readOnlyHint: true } };

describe('the inspector', { timeout: 600_000, skip: process.platform === 'win32' && 'the home folder of a running program cannot be moved' }, () => {
  const home = `${runFolder('inspector')}-home`;
  let workspace: string;
  let workbench: Workbench;
  let notes: ChangingServer;
  let door: Door;
  let agent: Client;

  before(async () => {
    await rm(home, { recursive: true, force: true });
    await mkdir(home, { recursive: true });
    notes = await startChangingServer(TOOLS);
    workspace = await workspaceWith('inspector', { notes: { type: 'http', url: notes.url } });
    workbench = await Workbench.open({ name: 'inspector', vsix: [vsixFile], workspace, env: { HOME: home, XDG_CONFIG_HOME: undefined }, settings: { 'files.simpleDialog.enable': true } });
    await workbench.openContainer('Vestibule');
    await workbench.openReview(workbench.treeRow(/^Connect to /).first(), 'Review of notes');
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.treeRow(/^erase.*new/).first().waitFor(LONG);
    await workbench.runCommand('Vestibule: Approve All…');
    await workbench.answer(/^Approve \d+$/);
    await workbench.treeRow(/^erase.*new/).waitFor({ state: 'hidden', ...LONG });
    door = await connectCursor(workbench, home, 'Tools that read or write');
    agent = await agentAt(door);
  });
  after(async () => {
    await agent.close().catch(() => undefined);
    await workbench.close();
    await notes[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const part = (selector: string): Locator => workbench.webview().locator(selector);
  const status = (text: string | RegExp): Locator => part('#calls-status').filter({ hasText: text });
  const focused = (selector: string): Locator => part(`${selector}:focus`);
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await workbench.page.keyboard.press(key);
  };
  const call = async (tool: string, args: Record<string, unknown> = {}): Promise<unknown> => agent.callTool({ name: tool === 'read' ? 'call_tool_read' : 'call_tool', arguments: { tool: `notes:${tool}`, arguments: args } });
  const rowOf = (tool: string): Locator => part('#calls-body').getByRole('button', { name: `notes:${tool}`, exact: true }).first();
  const filter = async (text: string): Promise<void> => part('#calls-text input').fill(text);
  const backToInspector = async (): Promise<void> => {
    await workbench.runCommand('Vestibule: Open Inspector');
    await part('#calls-status').waitFor(LONG);
  };

  step('is empty and says so, then shows calls as they end', async () => {
    await workbench.runCommand('Vestibule: Open Inspector');
    await status('No calls yet').waitFor(LONG);
    await workbench.screenshot('empty');
    await call('read', { path: 'first.md' });
    await rowOf('read').waitFor(LONG);
    await status('1 call').waitFor(LONG);
    await part('#calls-said').filter({ hasText: '1 call' }).waitFor({ state: 'attached', ...LONG });
  });

  step('says of a call what was sent, what came back, who made it, and where the time went', async () => {
    await rowOf('read').click();
    await part('#detail-result').filter({ hasText: 'read ran first.md' }).waitFor(LONG);
    assert.deepEqual(JSON.parse(await part('#detail-arguments').innerText()), { path: 'first.md' });
    const facts = await part('#detail-facts').innerText();
    assert.match(facts, /Outcome\s+ok/);
    assert.match(facts, /Agent\s+cursor \(cursor 1\)/);
    // Each stage has a row with its figures and a bar; the server's own begins after the checks before it.
    const stages = part('#detail-stages-body tr');
    const names = await stages.locator('th').allInnerTexts();
    for (const stage of ['find the tool', 'the agent’s rights', 'the server', 'scan and shorten']) assert.ok(names.includes(stage), stage);
    const bar = stages.filter({ hasText: 'the server' }).locator('rect.value');
    assert.ok(Number(await bar.getAttribute('x')) > 0 && Number(await bar.getAttribute('width')) > 0);
    await workbench.screenshot('detail');
  });

  step('shows what differs from the call before, in a list and side by side', async () => {
    await call('read', { path: 'second.md' });
    await status('2 calls').waitFor(LONG);
    await rowOf('read').click();
    await part('#detail-changes li').filter({ hasText: 'path: "first.md" → "second.md"' }).waitFor(LONG);
    await part('#detail-compare').click();
    const sides = workbench.page.locator('.monaco-diff-editor .view-lines');
    await sides.filter({ hasText: 'first.md' }).first().waitFor(LONG);
    await sides.filter({ hasText: 'second.md' }).first().waitFor(LONG);
    await workbench.screenshot('compare');
    await backToInspector();
  });

  step('is where it was after it was hidden; calls that came meanwhile are there', async () => {
    await part('#detail-title').filter({ hasText: 'notes:read' }).waitFor(LONG);
    await part('#detail-open').click();
    await workbench.editorText().getByText('"second.md"').first().waitFor(LONG);
    await workbench.editorText().getByText('"outcome"').first().waitFor(LONG);
    // Hidden, there is no page that could do anything.
    await workbench.page.locator('iframe.webview').first().waitFor({ state: 'detached', ...LONG });
    await call('write', { path: 'third.md', note: 'a rare word: quokka' });
    await backToInspector();
    await rowOf('write').waitFor(LONG);
    await part('#detail-changes li').filter({ hasText: '"second.md"' }).waitFor(LONG);
  });

  step('says why a call was refused: its code, and what it means', async () => {
    await call('erase');
    await status('4 calls').waitFor(LONG);
    await rowOf('erase').click();
    const facts = part('#detail-facts');
    await facts.getByText('refused, not_permitted').waitFor(LONG);
    await facts.getByText('The agent’s token, or the tools that its server allows, leave it out.').waitFor(LONG);
    await facts.getByText('Refused since the start: not_permitted 1').waitFor(LONG);
    assert.equal(notes.calls.length, 3);
    await workbench.screenshot('refused');
  });

  step('calls again what only reads without a question, edited, and shows the answer', async () => {
    await rowOf('read').click();
    await part('#detail-changes li').filter({ hasText: '"second.md"' }).waitFor(LONG);
    await part('#detail-again').click();
    const form = part('#again-arguments');
    await form.and(part(':focus')).waitFor(LONG);
    await form.fill('{ "path": "again.md" }');
    await part('#again-run').click();
    await part('#again-result').filter({ hasText: 'read ran again.md' }).waitFor(LONG);
    await status('5 calls').waitFor(LONG);
    assert.equal(notes.calls.at(-1), 'again.md');
    await workbench.screenshot('again');
  });

  step('asks before it calls again what writes, with what is sent; no means no', async () => {
    await rowOf('write').click();
    await part('#detail-again').click();
    await part('#again-arguments').and(part(':focus')).waitFor(LONG);
    await part('#again-run').click();
    assert.match(await workbench.dialog().innerText(), /notes:write[^]*quokka/);
    await workbench.answer('Cancel');
    await part('#again-status').filter({ hasText: 'Nothing was called.' }).waitFor(LONG);
    assert.equal(notes.calls.length, 4);
    await part('#again-run').click();
    await workbench.answer('Call');
    await part('#again-result').filter({ hasText: 'write ran third.md' }).waitFor(LONG);
    await status('6 calls').waitFor(LONG);
  });

  step('says what it cannot send, also what the protocol of its page does not carry', async () => {
    await part('#again-arguments').fill('[');
    await part('#again-run').click();
    await part('#again-status').filter({ hasText: 'The arguments are no JSON object. Correct them, then call again.' }).waitFor(LONG);
    await part('#again-arguments').fill(JSON.stringify({ note: 'x'.repeat(1024 * 1024) }));
    await part('#again-run').click();
    await part('#again-status').filter({ hasText: 'The inspector could not take that. Make it shorter' }).waitFor(LONG);
    assert.equal(notes.calls.length, 5);
  });

  step('opens the whole of a result that was shortened', async () => {
    await call('read', { path: `long ${'y'.repeat(40_000)} end` });
    await status('7 calls').waitFor(LONG);
    await rowOf('read').click();
    await part('#detail-facts').getByText('shortened for the agent from').waitFor(LONG);
    await part('#detail-full').click();
    await workbench.page.locator('.tab.active', { hasText: /^Result / }).waitFor(LONG);
    await workbench.editorText().getByText('read ran long yyyy').first().waitFor(LONG);
    await backToInspector();
  });

  step('filters by what rows have, by text in arguments, and by outcome', async () => {
    const finds = async (text: string, found: RegExp): Promise<void> => {
      await filter(text);
      await status(found).waitFor(LONG);
      await part('#calls-scroll[aria-busy="false"]').waitFor(LONG);
      await status(found).waitFor(LONG);
    };
    await finds('tool:write', /^2 of 7 calls$/);
    await finds('tool:write agent:cursor', /^1 of 7 calls$/);
    await finds('code:not_permitted', /^1 of 7 calls$/);
    await finds('is:shortened larger:1k', /^1 of 7 calls$/);
    await finds('since:1h slower:0ms server:notes', /^7 of 7 calls$/);
    await finds('slower:10m', /^No call matches\.$/);
    // Nothing that a row shows has this word: the journal does.
    await finds('QUOKKA', /^2 of 7 calls$/);
    await finds('quokka agent:cursor', /^1 of 7 calls$/);
    // A call that comes in now and matches joins.
    await call('write', { path: 'fourth.md', note: 'another quokka' });
    await status(/^2 of 8 calls$/).waitFor(LONG);
    await finds('', /^8 calls$/);
    await part('#calls-outcome').focus();
    await press('Enter', 'End', 'Enter');
    await status(/^1 of 8 calls$/).waitFor(LONG);
    await rowOf('erase').waitFor(LONG);
    await workbench.screenshot('filtered');
    await part('#calls-outcome').focus();
    await press('Enter', 'Home', 'Enter');
    await status(/^8 calls$/).waitFor(LONG);
  });

  step('exports what the filter finds, and nothing else', async () => {
    await filter('quokka agent:cursor');
    await status(/^2 of 8 calls$/).waitFor(LONG);
    await part('#calls-export').click();
    await workbench.choose('JSON Lines');
    const dialog = workbench.page.locator('.quick-input-titlebar', { hasText: 'Export Calls' });
    await dialog.waitFor(LONG);
    const file = path.join(workspace, 'vestibule-calls.jsonl');
    // VS Code's own dialog fills in what was proposed, in its time.
    await workbench.page.waitForFunction(`document.querySelector('.quick-input-widget .quick-input-filter input')?.value === ${JSON.stringify(file)}`, undefined, LONG);
    // It takes no Enter while it still looks into the folder.
    await workbench.pressUntilGone('Enter', dialog);
    await workbench.notification('Calls were exported').waitFor(LONG);
    assert.ok(existsSync(file));
    const exported = (await readFile(file, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { tool: string; arguments: { note: string } });
    assert.deepEqual(exported.map(({ tool, arguments: { note } }) => [tool, note]), [['write', 'a rare word: quokka'], ['write', 'another quokka']]);
    await backToInspector();
    await filter('');
    await status(/^8 calls$/).waitFor(LONG);
  });

  step('is used by the keyboard: rows, details and the way back', async () => {
    const buttons = part('#calls-body button');
    await buttons.first().focus();
    await press('End');
    await focused('#calls-body button').filter({ hasText: 'notes:read' }).waitFor(LONG);
    const stands = (index: number): Promise<void> => part(`#calls-body tr[aria-rowindex="${index}"]:focus-within`).waitFor(LONG);
    await stands(9);
    await press('ArrowUp', 'ArrowUp');
    await stands(7);
    await press('Home', 'ArrowDown');
    await stands(3);
    await press('Enter');
    await focused('#detail').waitFor(LONG);
    assert.equal(await part('#calls-body button[aria-expanded="true"]').count(), 1);
    await press('Escape');
    await part('#detail').waitFor({ state: 'hidden', ...LONG });
    await stands(3);
    assert.equal(await part('#calls-body button[aria-expanded="true"]').count(), 0);
    // From the filter to the tabs and the rows, by Tab alone.
    await part('#calls-text input').focus();
    await press('Shift+Tab');
    await press('ArrowRight');
    await part('#search-text').waitFor(LONG);
    await press('ArrowLeft');
    await part('#calls-text').waitFor(LONG);
  });

  step('tells a screen reader what it is: roles, names, counts, order, what is said by itself', async () => {
    const page = workbench.webview();
    await page.getByRole('tab', { name: 'Calls', selected: true }).waitFor(LONG);
    await page.getByRole('tabpanel').first().waitFor(LONG);
    const table = page.getByRole('table', { name: /Tool calls, newest first/ });
    assert.equal(await table.getAttribute('aria-rowcount'), '9');
    assert.deepEqual(await table.getByRole('columnheader').allInnerTexts(), ['Time', 'Tool', 'Agent', 'Outcome', 'Duration', 'Result', 'Tokens']);
    await page.getByRole('columnheader', { name: 'Time' }).and(part('[aria-sort="descending"]')).waitFor(LONG);
    await page.getByRole('columnheader', { name: 'Tool' }).getByRole('button').click();
    await page.getByRole('columnheader', { name: 'Tool' }).and(part('[aria-sort="ascending"]')).waitFor(LONG);
    assert.equal(await part('#calls-body button').first().innerText(), 'notes:erase');
    await page.getByRole('columnheader', { name: 'Time' }).getByRole('button').click();
    await page.getByRole('columnheader', { name: 'Time' }).getByRole('button').click();
    await rowOf('erase').click();
    await page.getByRole('region', { name: 'notes:erase' }).waitFor(LONG);
    for (const name of ['Arguments, redacted', 'Result, redacted']) await page.getByRole('region', { name }).waitFor(LONG);
    await page.getByRole('textbox', { name: 'Filter calls' }).waitFor(LONG);
    await page.getByRole('combobox', { name: 'Outcome' }).waitFor(LONG);
    assert.ok((await page.getByRole('status').count()) >= 2);
    await filter('tool:archive');
    await part('#calls-said').filter({ hasText: 'No call matches.' }).waitFor({ state: 'attached', ...LONG });
    await filter('');
    await part('#calls-said').filter({ hasText: '8 calls' }).waitFor({ state: 'attached', ...LONG });
  });

  step('explains a search term by term, and what is not offered and why', async () => {
    notes.tools = [...TOOLS, ARCHIVE];
    await workbench.runCommand('Vestibule: Restart Server');
    await workbench.choose('notes');
    await workbench.treeRow(/^archive.*new/).first().waitFor(LONG);
    await workbench.runCommand('Vestibule: Search Tools');
    await workbench.searchInInspector('note path archive');
    const row = workbench.webview().getByRole('row', { name: /notes:read/ });
    await row.waitFor(LONG);
    assert.match(await row.innerText(), /note in description/);
    assert.match(await row.innerText(), /path in parameters/);
    // What the words add is what the tool has.
    const [whole = Number.NaN, ...parts] = (await row.locator('.numeric').allInnerTexts()).map(Number).filter((figure) => !Number.isInteger(figure) || figure < 100);
    assert.ok(parts.length >= 2 && whole > 0);
    await workbench.webview().getByRole('row', { name: /notes:archive it awaits your approval \(new\)/ }).waitFor(LONG);
    await part('#search-status').filter({ hasText: /tools? found, about \d+ tokens of definitions among 3 approved tools; 1 tool hidden until approved/ }).waitFor(LONG);
    await workbench.screenshot('search');
  });

  step('draws what lists cost, when calls came, and how long tools take, with the figures beside', async () => {
    await workbench.webview().getByRole('tab', { name: 'Tokens & latency' }).click();
    await workbench.webview().getByRole('row', { name: /^cursor \(cursor 1\)/ }).waitFor(LONG);
    await workbench.webview().getByRole('img', { name: /^8 calls from .* to .*, at most \d+ in one column$/ }).waitFor(LONG);
    const columns = await part('#latency-time rect:not([height="0.0"])').count();
    assert.ok(columns >= 1 && columns <= 8);
    const rows = await part('#latency-body tr').allInnerTexts();
    assert.deepEqual(rows.map((row) => row.split(/\s+/).slice(0, 3)), [['notes:read', '4', '0'], ['notes:write', '3', '0']]);
    const [median, slow] = await Promise.all(['value', 'other'].map(async (bar) => Number(await part(`#latency-body tr:first-child rect.${bar}`).getAttribute('width'))));
    assert.ok(median !== undefined && slow !== undefined && median > 0 && slow >= median && slow <= 1000);
    // It counts on while it is looked at.
    await call('read', { path: 'ninth.md' });
    await workbench.webview().getByRole('img', { name: /^9 calls from/ }).waitFor(LONG);
    await workbench.screenshot('tokens');
  });

  step('is where it was after it was moved, and after the window was loaded anew', async () => {
    await workbench.webview().getByRole('tab', { name: 'Calls' }).click();
    await filter('tool:write');
    await status(/^3 of 9 calls$/).waitFor(LONG);
    await workbench.webview().getByRole('columnheader', { name: 'Tokens' }).getByRole('button').click();
    await rowOf('write').click();
    await part('#detail-facts').getByText('ok', { exact: true }).waitFor(LONG);
    const same = async (): Promise<void> => {
      await status(/^3 of 9 calls$/).waitFor(LONG);
      assert.equal(await part('#calls-text input').inputValue(), 'tool:write');
      await part('th[aria-sort="ascending"]').filter({ hasText: 'Tokens' }).waitFor(LONG);
      await part('#detail-title').filter({ hasText: 'notes:write' }).waitFor(LONG);
    };
    await workbench.runCommand('View: Move Editor into Right Group');
    await workbench.page.locator('.editor-group-container').nth(1).waitFor(LONG);
    await same();
    await agent.close();
    await workbench.reloadWindow();
    await same();
    await part('#detail-result').filter({ hasText: 'Not remembered' }).waitFor(LONG);
    await workbench.screenshot('restored');
    agent = await agentAt(door);
    await call('write', { path: 'tenth.md' });
    await status(/^4 of 10 calls$/).waitFor(LONG);
  });
});
