import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

/* The servers file of the folder leaves a file behind as soon as anything of it runs. */
describe('a folder that is not trusted, and a second window', { timeout: 240_000 }, () => {
  let workspace: string;
  let marker: string;
  let first: Workbench;
  let second: Workbench;

  before(async () => {
    workspace = await workspaceWith('trust', {});
    marker = path.join(workspace, 'it-ran');
    workspace = await workspaceWith('trust', { sneaky: { command: process.execPath, args: ['-e', `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`] } });
    first = await Workbench.open({
      name: 'trust',
      vsix: [vsixFile],
      workspace,
      trusted: false,
      settings: { 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.emptyWindow': false },
    });
  });
  after(() => first.close());

  const step = stepsIn(() => first);

  const ran = (): Promise<boolean> =>
    access(marker).then(
      () => true,
      () => false,
    );

  step('lists the server, says why it does not start, and offers no approval', async () => {
    await first.statusItem('Vestibule').waitFor({ timeout: 60_000 });
    await first.clickUntil(() => first.statusItem('Vestibule').click(), first.page.getByText('Restricted Mode: servers of this workspace do not start until you trust it.'));
    await first.treeRow('sneaky').first().waitFor();
    await first.screenshot('restricted');
    assert.equal(await ran(), false);
  });

  step('still waits for approval of the launch once the folder is trusted', async () => {
    await first.runCommand('Workspaces: Manage Workspace Trust');
    await first.trust();
    await first.treeRow(/^Run .*it-ran/).waitFor({ timeout: 60_000 });
    assert.equal(await ran(), false);
  });

  step('shares what a person decides with another window, which has an endpoint of its own', async () => {
    second = await first.another(workspace);
    await second.statusItem('Vestibule').waitFor({ timeout: 60_000 });
    await second.clickUntil(() => second.statusItem('Vestibule').click(), second.treeRow(/^Run .*it-ran/));
    await second.openReview(second.treeRow(/^Run .*it-ran/), 'Review of sneaky');
    await second.runCommand('Vestibule: Approve…');
    await second.answer('Approve Launch');
    await first.treeRow(/^Run .*it-ran/).waitFor({ state: 'detached', timeout: 30_000 });
    await second.screenshot('second window');
  });
});
