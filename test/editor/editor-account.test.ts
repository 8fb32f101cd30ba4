/* A server that is used with an account of VS Code itself (vscode.authentication), which a person chose for it. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { vsixFile } from '../../scripts/lib/vsix.mjs';
import { startProvider, type Provider } from '../fixtures/oauth/provider.ts';
import { telltale } from '../fixtures/telltale/mark.ts';
import { packExtension } from './harness/pack-extension.ts';
import { approveHttpLaunch } from './harness/sign-in.ts';
import { stepsIn } from './harness/steps.ts';
import { Workbench } from './harness/workbench.ts';
import { workspaceWith } from './harness/workspace.ts';

const SLOW = { timeout: 60_000 };
const TOKEN = telltale('account-of-the-editor');

describe('an account of the editor', { timeout: 300_000 }, () => {
  let provider: Provider;
  let workbench: Workbench;

  before(async () => {
    provider = await startProvider();
    provider.admit(TOKEN, 'anna');
    const servers = { acme: { type: 'http', url: provider.url, lazy: false, oauth: { editorAccount: 'acme-id', scopes: ['read'] } } };
    workbench = await Workbench.open({
      name: 'editor-account',
      vsix: [vsixFile, await packExtension('editor-account')],
      workspace: await workspaceWith('editor-account', {}),
      userFiles: { 'globalStorage/vestibule.vestibule-mcp/servers.json': JSON.stringify({ servers }) },
      env: { ACME_TOKEN: TOKEN },
    });
  });
  after(async () => {
    await workbench.close();
    await provider.close();
  });

  const step = stepsIn(() => workbench);

  step('nothing is used before the person says so', async () => {
    await approveHttpLaunch(workbench, 'acme');
    await workbench.treeRow(/acme.*sign in needed/).first().waitFor(SLOW);
    assert.equal(provider.counts.authorize + provider.counts.register, 0);
  });

  step('VS Code asks whether Vestibule may use the account; then the server is there', async () => {
    await workbench.runCommand('Vestibule: Sign In');
    await workbench.choose('acme');
    await workbench.dialog().getByText(/sign in using Acme/).waitFor(SLOW);
    await workbench.screenshot('consent');
    await workbench.dialog().getByRole('button', { name: 'Allow', exact: true }).click(SLOW);
    await workbench.notification(/Signed in to .*acme.* as anna@acme\.example/).first().waitFor(SLOW);
    await workbench.treeRow(/whoami/).first().waitFor(SLOW);
    await workbench.screenshot('signed-in');
    assert.equal(provider.counts.authorize + provider.counts.register + provider.counts.code, 0, 'no sign-in of our own');
  });
});
