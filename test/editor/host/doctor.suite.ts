import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import { Command } from '../../../src/views/ids.ts';
import { serversFile, textOf } from './servers-file.ts';
import { untilState, upstream, vestibule } from './vestibule.ts';

/** Resolves with the doctor's problem of this code in a file, as soon as it is shown. */
function problemShown(uri: vscode.Uri, code: string): Promise<vscode.Diagnostic> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = vscode.languages.getDiagnostics(uri).find((diagnostic) => diagnostic.source === 'Vestibule' && diagnostic.code === code);
      if (found === undefined) return;
      subscription.dispose();
      resolve(found);
    };
    const subscription = vscode.languages.onDidChangeDiagnostics(look);
    look();
  });
}

describe('the doctor', () => {
  let server: Server;
  let original = '';
  let restore = (): void => undefined;

  before(async () => {
    // Nothing but 404: a server that is there, but not at this path.
    server = createServer((_request, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    original = await textOf(serversFile());
  });
  after(async () => {
    restore();
    await vscode.workspace.fs.writeFile(serversFile(), Buffer.from(original));
    server.closeAllConnections();
    server.close();
  });

  it('shows what is wrong at the entry, and mends it by a quick fix', async () => {
    const api = await vestibule();
    const { answerDialogs } = api;
    if (answerDialogs === undefined) throw new Error('the extension does not know that it is under test');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await vscode.workspace.fs.writeFile(serversFile(), Buffer.from(`{\n  // kept\n  "servers": {\n    "lost": { "type": "http", "url": "${url}/" }\n  }\n}\n`));
    const waiting = await untilState(api, (state) => upstream(state, 'lost')?.launch.approved === false, 60_000);
    assert.ok(await problemShown(serversFile(), 'launch-not-approved'));

    restore = answerDialogs({ confirm: () => Promise.resolve(true) });
    await vscode.commands.executeCommand(Command.approve, { server: 'lost', launch: upstream(waiting, 'lost')?.launch.fingerprint });
    const problem = await problemShown(serversFile(), 'http-not-found');
    assert.match(problem.message, /HTTP 404/);
    assert.equal(problem.range.start.line, 3);

    const document = await vscode.workspace.openTextDocument(serversFile());
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, problem.range, vscode.CodeActionKind.QuickFix.value, 20);
    const titles = actions.map(({ title }) => title);
    for (const wanted of [`Vestibule: Change "url" to ${url}/mcp`, `Vestibule: Change "url" to ${url}/sse`, 'Vestibule: Open its entry', 'Vestibule: Switch it off']) assert.ok(titles.includes(wanted), `${wanted} in ${titles.join(' | ')}`);

    const fix = actions.find(({ title }) => title.endsWith('/mcp'));
    assert.ok(fix?.edit);
    await vscode.workspace.applyEdit(fix.edit);
    await document.save();
    assert.equal(await textOf(serversFile()), `{\n  // kept\n  "servers": {\n    "lost": { "type": "http", "url": "${url}/mcp" }\n  }\n}\n`);
    // Another address is another launch: it waits for the person.
    await untilState(api, (state) => upstream(state, 'lost')?.launch.approved === false, 60_000);
  }).timeout(120_000);

  it('runs on request, and does what the person picks', async () => {
    const api = await vestibule();
    restore();
    const asked: string[] = [];
    restore =
      api.answerDialogs?.({
        confirm: () => Promise.resolve(true),
        pick: (title, choices) => {
          asked.push(title, ...choices.map(({ description = '', label }) => `${label} ${description}`));
          return Promise.resolve(choices.find(({ description, label }) => label === 'Switch it off' || description?.includes('/launch-not-approved') === true)?.value);
        },
      }) ?? restore;
    await vscode.commands.executeCommand(Command.runDoctor);
    assert.ok(asked.some((line) => line.includes('quarantine/launch-not-approved')), asked.join('\n'));
    // Of what can be done about a launch that waits, switching off is the one that needs no dialog.
    await untilState(api, (state) => upstream(state, 'lost')?.config.enabled === false, 60_000);
  }).timeout(120_000);
});
