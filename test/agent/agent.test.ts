import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { packScriptedModel } from '../editor/harness/pack.ts';
import { Workbench } from '../editor/harness/workbench.ts';
import { everythingWorkspace } from '../editor/harness/workspace.ts';
import { type PlanStep, promptFor } from '../fixtures/scripted-model/plan.ts';

/** A model request as the scripted model logged it. */
interface ModelRequest {
  readonly tools: readonly string[];
  readonly results: readonly string[];
}

/** A turn of agent mode with several model requests and confirmations, on a slow machine. */
const TURN_MS = 60_000;

describe('agent mode', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let requestLog: string;

  before(async () => {
    const workspace = await everythingWorkspace('agent');
    requestLog = path.join(workspace, 'model-requests.jsonl');
    workbench = await Workbench.open({
      name: 'agent',
      vsix: [vsixFile, await packScriptedModel()],
      workspace,
      // Without it Copilot asks a model of its own, which needs an account, for titles and summaries.
      settings: { 'chat.byokUtilityModelDefault': 'mainAgent' },
      userFiles: { 'chatLanguageModels.json': JSON.stringify([{ name: 'Scripted', vendor: 'scripted' }]) },
      env: { SCRIPTED_MODEL_LOG: requestLog },
    });
  });
  after(() => workbench.close());

  const step = (name: string, body: () => Promise<void>): void => {
    it(name, async () => {
      await body().catch(async (error: unknown) => {
        await workbench.screenshot(`failed ${name}`);
        throw error;
      });
    });
  };

  async function ask(plan: readonly PlanStep[]): Promise<void> {
    await workbench.runCommand('Scripted Model: Ask');
    await workbench.page.locator('.quick-input-message', { hasText: 'Ask the scripted model' }).waitFor({ timeout: TURN_MS });
    await workbench.quickInput().fill(promptFor(plan));
    await workbench.page.keyboard.press('Enter');
  }

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
    await ask([
      { tool: 'retrieve_tools', arguments: { query: 'add two numbers' } },
      { tool: 'call_tool', arguments: { tool: '$found', arguments: { a: 2, b: 40 } } },
    ]);
    await workbench.chatQuestion('"b": 40').waitFor({ timeout: TURN_MS });
    await workbench.screenshot('question');
    await workbench.allowInChat('"b": 40', TURN_MS);
    await workbench.chatText(/The tool said: .*\b42\b/).waitFor({ timeout: TURN_MS });
    await workbench.screenshot('call');
    const requests = await modelRequests();
    assert.match(requests.at(-1)?.results[0] ?? '', /^everything:get-sum\(/m);
  });

  step('a tool approved as read-only runs without a question before', async () => {
    await ask([
      { tool: 'retrieve_tools', arguments: { query: 'echo a message back' } },
      { tool: 'call_tool_read', arguments: { tool: 'everything:echo', arguments: { message: 'no question asked' } } },
    ]);
    await workbench.chatText(/The tool said: .*no question asked/).waitFor({ timeout: TURN_MS });
  });

  step('the inspector shows both calls', async () => {
    await workbench.runCommand('Vestibule: Open Inspector');
    await workbench.webview().getByRole('row', { name: /everything:get-sum.*ok/ }).waitFor();
    await workbench.webview().getByRole('button', { name: 'everything:echo' }).click();
    await workbench.webview().getByText('no question asked').waitFor();
    await workbench.screenshot('calls');
  });

  step('the journal has both, with arguments and outcome', async () => {
    const records = await journal(path.join(workbench.folder, 'profile'));
    const calls = records.filter(({ server, outcome }) => server === 'everything' && outcome !== undefined);
    assert.deepEqual(
      calls.map(({ tool, outcome, arguments: given }) => ({ tool, outcome, given })),
      [
        { tool: 'get-sum', outcome: 'ok', given: { a: 2, b: 40 } },
        { tool: 'echo', outcome: 'ok', given: { message: 'no question asked' } },
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
