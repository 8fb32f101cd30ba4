import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { ask, withScriptedModel } from '../editor/harness/scripted-model.ts';
import { stepsIn } from '../editor/harness/steps.ts';
import { Workbench } from '../editor/harness/workbench.ts';
import { everythingWorkspace } from '../editor/harness/workspace.ts';

/** A model request as the scripted model logged it. */
interface ModelRequest {
  readonly tools: readonly string[];
  readonly results: readonly string[];
}

/** A turn of agent mode with several model requests and confirmations, on a slow machine. */
const TURN_MS = 60_000;
/** The promoted tool as VS Code names it for the model. */
const PROMOTED = 'mcp_vestibule_everything_toggle-simulated-logging';

const TITLE = 'everything: Toggle Simulated Logging';

const QUESTION = 'Can you switch the logging on?';
const plans = {
  [QUESTION]: [
    { tool: 'retrieve_tools', arguments: { query: 'toggle simulated logging', limit: 2 } },
    { tool: PROMOTED, arguments: {} },
  ],
};

describe('a found tool in the turn that found it', { timeout: 300_000 }, () => {
  let workbench: Workbench;
  let requestLog: string;

  before(async () => {
    const workspace = await everythingWorkspace('promotion');
    await searchAlways(workspace);
    requestLog = path.join(workspace, 'model-requests.jsonl');
    const options = { name: 'promotion', vsix: [vsixFile], workspace, env: { SCRIPTED_MODEL_LOG: requestLog } };
    workbench = await Workbench.open(await withScriptedModel(options, plans));
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);

  async function requests(): Promise<readonly ModelRequest[]> {
    const lines = (await readFile(requestLog, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as ModelRequest);
  }

  step('a person approves the server and its tools', async () => {
    await workbench.openContainer('Vestibule');
    await workbench.approveEverything('everything', 'get-sum');
    await workbench.statusItem(/^\s*Vestibule$/).waitFor();
  });

  step('VS Code asks about the tool itself, by its own title', async () => {
    await ask(workbench, QUESTION);
    await workbench.chatQuestion(TITLE).waitFor({ timeout: TURN_MS });
    await workbench.screenshot('question');
    await workbench.chatQuestion(TITLE).screenshot({ path: path.join(workbench.folder, 'question-alone.png') });
    await workbench.allowInChat(TITLE, TURN_MS);
    await workbench.chatText(/The tool said: .*logging/i).waitFor({ timeout: TURN_MS });
    await workbench.screenshot('answer');
  });

  step('the model was offered it from the request after the search on, within one turn', async () => {
    const [first, second] = await requests();
    assert.ok(first !== undefined && second !== undefined);
    assert.ok(first.tools.includes('mcp_vestibule_retrieve_tools'));
    assert.deepEqual([first.results.length, first.tools.includes(PROMOTED)], [0, false]);
    assert.deepEqual([second.results.length, second.tools.includes(PROMOTED)], [1, true]);
    assert.match(second.results[0] ?? '', /now in your tool list: call them directly by name/);
  });
});

/** Keeps this small catalog from being listed directly, whatever it weighs. */
async function searchAlways(workspace: string): Promise<void> {
  const file = path.join(workspace, '.vscode', 'vestibule.json');
  const content = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...content, gateway: { directThreshold: 0 } }, null, 2));
}
