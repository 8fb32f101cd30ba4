import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Locator } from 'playwright-core';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { ask, withScriptedModel } from '../editor/harness/scripted-model.ts';
import { stepsIn } from '../editor/harness/steps.ts';
import { Workbench } from '../editor/harness/workbench.ts';
import { workspaceWith } from '../editor/harness/workspace.ts';
import { type ChangingServer, startChangingServer } from '../fixtures/changing-server.ts';

/** A turn of agent mode with several model requests and confirmations, on a slow machine. */
const TURN_MS = 60_000;

const call = (path: string, mode = 'now') => [{ tool: 'call_tool', arguments: { tool: 'notes:wipe', arguments: { path, mode } } }];
const plans = {
  'Please wipe the first one.': call('/tmp/first\u202E'),
  'Please wipe the second one.': call('/tmp/second'),
  'Please wipe the third one.': call('/tmp/third'),
  'Please wipe the fourth one.': call('/tmp/fourth'),
};

// Agent mode asks about `call_tool`; the editor's own question names the tool that is really called, once.
describe('consent in agent mode', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let server: ChangingServer;

  before(async () => {
    const properties = { path: { type: 'string' }, mode: { type: 'string' } };
    server = await startChangingServer([{ name: 'wipe', description: 'Wipes.', inputSchema: { type: 'object', properties }, annotations: { destructiveHint: true } }]);
    // The menu's tools, whatever so small a catalog weighs.
    const workspace = await workspaceWith('consent', { notes: { type: 'http', url: server.url } }, { mode: 'retrieve' });
    workbench = await Workbench.open(await withScriptedModel({ name: 'consent', vsix: [vsixFile], workspace }, plans));
  });
  after(async () => {
    await workbench.close();
    await server[Symbol.asyncDispose]();
  });

  const step = stepsIn(() => workbench);
  const focused = (text: string): Locator => workbench.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text });

  step('a person approves the server and its tool', async () => {
    await workbench.openContainer('Vestibule');
    await workbench.openReview(workbench.treeRow(`Connect to ${server.url}`), 'Review of notes');
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.treeRow('new · may destroy').waitFor();
    await workbench.runCommand('Vestibule: Approve All…');
    await workbench.answer(/^Approve/);
  });

  step('declined, the first call is not sent', async () => {
    await ask(workbench, 'Please wipe the first one.');
    // The first button allows `call_tool` for the whole session: VS Code asks about no other tool behind it.
    await workbench.allowInChat('/tmp/first', TURN_MS);
    await workbench.dialog().getByText('Allow the call of “wipe” of the server “notes”?').waitFor({ timeout: TURN_MS });
    const text = await workbench.dialog().innerText();
    assert.match(text, /may destroy/);
    assert.match(text, /path: "\/tmp\/first\\u\{202E\}"/);
    await workbench.screenshot('question');
    // The default button decides nothing: the question comes again over the whole call.
    await workbench.dialog().locator(':focus').waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.editorText().getByText('Call of wipe').waitFor();
    await workbench.dialog().waitFor();
    await workbench.screenshot('whole');
    await workbench.answer('Cancel');
    await workbench.chatText(/The tool said: A person declined this call/).waitFor({ timeout: TURN_MS });
  });

  step('allowed, it is sent, and the next is left to VS Code, which was told not to ask again', async () => {
    await ask(workbench, 'Please wipe the second one.');
    await workbench.dialog().waitFor({ timeout: TURN_MS });
    await workbench.answer('Allow');
    await workbench.chatText(/The tool said: wipe ran .*second/).waitFor({ timeout: TURN_MS });
    await ask(workbench, 'Please wipe the third one.');
    await workbench.chatText(/The tool said: wipe ran .*third/).waitFor({ timeout: TURN_MS });
    assert.deepEqual(server.calls, ['/tmp/second', '/tmp/third'], 'the declined call was not sent');
  });

  step('asked about every time when the person wants it so, with what is new', async () => {
    await workbench.runCommand('Vestibule: Consent to Calls…');
    await workbench.choose('wipe');
    await workbench.choose('Always ask');
    await workbench.notification('Asked about at every call').waitFor();
    await ask(workbench, 'Please wipe the fourth one.');
    await workbench.dialog().waitFor({ timeout: TURN_MS });
    assert.match(await workbench.dialog().innerText(), /~ path: "\/tmp\/second" → "\/tmp\/fourth"/);
    await workbench.screenshot('every-call');
    await workbench.answer('Allow');
    await workbench.chatText(/The tool said: wipe ran .*fourth/).waitFor({ timeout: TURN_MS });
  });

  step('taken back with the keyboard alone', async () => {
    await workbench.runCommand('Vestibule: Manage Consents');
    await workbench.quickPick('Asked about every time').waitFor();
    await workbench.screenshot('consents');
    await workbench.quickInput().press('ArrowDown');
    await focused('Asked about every time').waitFor();
    await workbench.page.keyboard.press('Space');
    await workbench.page.locator('.quick-input-widget', { hasText: '1 Selected' }).waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.notification('1 decision taken back').waitFor();
  });
});
