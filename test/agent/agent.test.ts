import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { stepsIn } from '../editor/harness/steps.ts';
import { Workbench } from '../editor/harness/workbench.ts';
import { everythingWorkspace } from '../editor/harness/workspace.ts';
import { ask, withScriptedModel } from '../editor/harness/scripted-model.ts';
import { eventually } from '../fixtures/eventually.ts';

/** A model request as the scripted model logged it. */
interface ModelRequest {
  readonly tools: readonly string[];
  readonly results: readonly string[];
}

/** A turn of agent mode with several model requests and confirmations, on a slow machine. */
const TURN_MS = 60_000;

const plans = {
  'How much is 2 plus 40?': [
    { tool: 'retrieve_tools', arguments: { query: 'add two numbers' } },
    { tool: 'call_tool', arguments: { tool: '$found', arguments: { a: 2, b: 40 } } },
  ],
  'Is anybody there?': [
    { tool: 'retrieve_tools', arguments: { query: 'echo a message back' } },
    { tool: 'call_tool_read', arguments: { tool: 'everything:echo', arguments: { message: 'no question asked' } } },
  ],
};

describe('agent mode', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let requestLog: string;

  before(async () => {
    const workspace = await everythingWorkspace('agent');
    requestLog = path.join(workspace, 'model-requests.jsonl');
    const options = { name: 'agent', vsix: [vsixFile], workspace, env: { SCRIPTED_MODEL_LOG: requestLog } };
    workbench = await Workbench.open(await withScriptedModel(options, plans));
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);

  async function modelRequests(): Promise<readonly ModelRequest[]> {
    const text = await readFile(requestLog, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ModelRequest);
  }

  step('a person approves the server and its tools', async () => {
    await workbench.openContainer('Vestibule');
    await workbench.approveEverything('everything', 'get-sum');
    await workbench.statusItem(/^\s*Vestibule$/).waitFor();
  });

  step('the agent finds a tool, VS Code asks, the upstream answers, the chat shows it', async () => {
    await ask(workbench, 'How much is 2 plus 40?');
    await workbench.chatQuestion('"b": 40').waitFor({ timeout: TURN_MS });
    await workbench.screenshot('question');
    await workbench.allowInChat('"b": 40', TURN_MS);
    await workbench.chatText(/The tool said: .*\b42\b/).waitFor({ timeout: TURN_MS });
    await workbench.screenshot('call');
    const requests = await modelRequests();
    assert.match(requests.at(-1)?.results[0] ?? '', /^everything:get-sum\(/m);
  });

  step('a tool approved as read-only runs without a question', async () => {
    await ask(workbench, 'Is anybody there?');
    await workbench.chatText(/The tool said: .*no question asked/).waitFor({ timeout: TURN_MS });
  });

  step('the inspector shows both calls', async () => {
    await workbench.runCommand('Vestibule: Open Inspector');
    await workbench.webview().getByRole('row', { name: /everything:get-sum.*ok/ }).waitFor();
    await workbench.webview().getByRole('button', { name: 'everything:echo' }).click();
    // In the arguments and, where the server echoes them, in the result.
    await workbench.webview().getByText('no question asked').first().waitFor();
    await workbench.screenshot('calls');
  });

  step('a person calls a tool again from the inspector, with other arguments', async () => {
    const page = workbench.webview();
    await page.getByRole('button', { name: 'Call Again…' }).click();
    await page.getByLabel('Arguments, as JSON').fill('{ "message": "said by a person" }');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.getByText('Echo: said by a person').first().waitFor();
    await workbench.screenshot('again');
  });

  step('the inspector shows what the menu costs', async () => {
    await workbench.runCommand('Vestibule: Show Tokens');
    await workbench.webview().getByRole('columnheader', { name: 'Its list, per request' }).waitFor();
    await workbench.webview().getByText(/Listing every approved tool directly would cost/).waitFor();
    await workbench.screenshot('tokens');
  });

  step('the journal has both, with arguments and outcome', async () => {
    // It is written a moment after the answer.
    const calls = await eventually(async () => {
      const records = await journal(path.join(workbench.folder, 'profile'));
      const ended = records.filter(({ server, outcome }) => server === 'everything' && outcome !== undefined);
      return ended.length >= 3 && ended;
    });
    assert.deepEqual(
      calls.map(({ tool, outcome, arguments: given }) => ({ tool, outcome, given })),
      [
        { tool: 'get-sum', outcome: 'ok', given: { a: 2, b: 40 } },
        { tool: 'echo', outcome: 'ok', given: { message: 'no question asked' } },
        { tool: 'echo', outcome: 'ok', given: { message: 'said by a person' } },
      ],
    );
  });
});

/** A call; decisions of a person are records too, without an outcome. */
interface JournalRecord {
  readonly server: string;
  readonly tool: string;
  readonly outcome?: string;
  readonly arguments: unknown;
}

/** All records of all journal segments below a profile, in order. */
async function journal(profile: string): Promise<readonly JournalRecord[]> {
  const files = (await readdir(profile, { recursive: true })).filter((file) => /[\\/]journal[\\/][^\\/]+\.jsonl$/.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(profile, file), 'utf8')));
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalRecord);
}
