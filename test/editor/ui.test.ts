import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { everythingWorkspace } from './harness/workspace.ts';

// Each test goes on where the one before it ended, as a person's first minutes do.
describe('user interface', { timeout: 240_000 }, () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await Workbench.open({ name: 'ui', vsix: [vsixFile], workspace: await everythingWorkspace('ui') });
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);

  step('shows itself in the status bar and in a container of its own', async () => {
    await workbench.statusItem('Vestibule').waitFor({ timeout: 60_000 });
    await workbench.openContainer('Vestibule');
    await workbench.treeRow('everything').first().waitFor();
  });

  step('leads from a waiting launch to its review, with the whole command line', async () => {
    await workbench.openReview(workbench.treeRow(/^Run .*server-everything/), 'Review of everything');
    await workbench.editorText().getByText('Launch — awaits approval').waitFor();
    await workbench.screenshot('review');
  });

  step('asks before it runs anything, and no means no', async () => {
    await workbench.runCommand('Vestibule: Approve…');
    assert.match(await workbench.dialog().innerText(), /server-everything/);
    await workbench.answer('Cancel');
    await workbench.treeRow(/^Run .*server-everything/).waitFor();
  });

  step('starts the server after approval; its tools wait for a review of their own', async () => {
    await workbench.runCommand('Vestibule: Approve…');
    await workbench.answer('Approve Launch');
    await workbench.treeRow(/get-sum.*new/).first().waitFor();
    await workbench.statusItem(/Vestibule \d+/).waitFor();
    await workbench.screenshot('quarantine');
  });

  step('approves what was reviewed', async () => {
    await workbench.treeRow('everything').last().click();
    await workbench.runCommand('Vestibule: Approve All…');
    assert.match(await workbench.dialog().innerText(), /get-sum/);
    await workbench.answer(/^Approve \d+$/);
    await workbench.statusItem(/^\s*Vestibule$/).waitFor();
  });

  step('finds an approved tool in the inspector', async () => {
    await workbench.runCommand('Vestibule: Search Tools');
    await workbench.searchInInspector('add two numbers');
    await workbench.webview().getByRole('row', { name: /everything:get-sum/ }).waitFor();
    await workbench.screenshot('search');
  });

  step('keeps decisions over a reload of the window', async () => {
    await workbench.page.reload();
    await workbench.statusItem(/^\s*Vestibule$/).waitFor({ timeout: 60_000 });
    await workbench.openContainer('Vestibule');
    await workbench.treeRow(/everything.*tools/).first().waitFor();
    assert.equal(await workbench.treeRow(/^Run .*server-everything/).count(), 0);
  });
});
