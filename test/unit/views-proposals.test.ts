import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatewayApi, ProposalSnapshot } from '../../src/proxy/api.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { Command } from '../../src/views/ids.ts';
import { quarantineRows } from '../../src/views/present/quarantine.ts';
import { noticeProposals } from '../../src/views/proposal-notice.ts';
import { confirmProposal } from '../../src/views/present/proposal.ts';
import { reviewProposal } from '../../src/views/proposals.ts';
import { FakeGateway, ScriptedDialogs, snapshot } from './views-fixtures.ts';

const proposal = (more: Partial<ProposalSnapshot> = {}): ProposalSnapshot => ({ id: 'p1', at: 0, agent: 'bot', name: 'notes', reason: 'I need\nit', argv: ['npx', '-y', 'notes\u202e-mcp'], url: undefined, cwd: undefined, envNames: [], envFile: undefined, headerNames: [], ...more });

async function made(proposals: readonly ProposalSnapshot[]) {
  const gateway = new FakeGateway(snapshot([], { proposals }));
  const host = new GatewayHost(() => Promise.resolve<GatewayApi>(gateway));
  await host.start();
  return { gateway, host, dialogs: new ScriptedDialogs() };
}

describe('servers that agents ask for, in the editor', () => {
  it('are rows with the exact command or address, and lead to the question', () => {
    const [program, address] = quarantineRows({ snapshot: snapshot([], { proposals: [proposal(), proposal({ id: 'p2', argv: undefined, url: 'https://example.com/mcp' })] }), trusted: true });
    assert.equal(program?.description, 'proposed by bot · npx -y "notes\\u{202E}-mcp"');
    assert.match(address?.tooltip() ?? '', /https:\/\/example\.com\/mcp/);
    assert.deepEqual(program.click, { command: Command.reviewProposal, title: 'Review' });
  });

  it('are told once each, and shown whole before they are added', async () => {
    const { gateway, host, dialogs } = await made([proposal()]);
    const notice = noticeProposals(host, dialogs, () => undefined);
    gateway.changed.fire();
    assert.equal(dialogs.informed.length, 1);
    assert.match(dialogs.informed[0] ?? '', /npx -y "notes\\u\{202E\}-mcp"/);
    notice.dispose();
    const { detail } = confirmProposal(proposal());
    assert.match(detail, /runs this command on your machine:\n\nnpx -y "notes\\u\{202E\}-mcp"\n\n/);
    assert.match(detail, /In the agent’s words: I need\\nit$/);
    for (const [yes, decided] of [[false, []], [true, [['accept proposal', 'p1']]]] as const) {
      gateway.decided.length = 0;
      dialogs.yes = yes;
      await reviewProposal({ host, dialogs, documents: { preview: () => assert.fail('it fits') } });
      assert.deepEqual(gateway.decided, decided);
    }
    const declines = dialogs.defaults[0] ?? assert.fail('a key that was meant for something else would be a yes');
    assert.equal(declines.label, 'Decline');
    gateway.decided.length = 0;
    await declines.run();
    assert.deepEqual(gateway.decided, [['decline proposal', 'p1']]);
  });

  it('that are longer than a dialog stand whole in a document behind it (W7)', async () => {
    const { host, dialogs } = await made([proposal({ argv: ['npx', '-y', 'notes@1.2.3', 'x'.repeat(1_900), ' '.repeat(1_900), '--then\u202e=evil'] })]);
    const shown: string[] = [];
    await reviewProposal({ host, dialogs, documents: { preview: (_title, text) => Promise.resolve(void shown.push(text)) } });
    assert.match(dialogs.confirmations[0]?.detail ?? '', /^\d+ characters: too long for this dialog/);
    assert.match(shown[0] ?? '', /^│ --then\\u\{202E\}=evil$/m);
  });

  it('show what a registry sets beside the command: a variable may be as good as one', () => {
    const { detail } = confirmProposal(proposal({ envNames: ['NODE_OPTIONS=--require ./evil.js', 'TOKEN'] }));
    assert.match(detail, /Environment variables: NODE_OPTIONS=--require \.\/evil\.js, TOKEN/);
    assert.match(confirmProposal(proposal({ argv: undefined, url: 'https://example.com/mcp', headerNames: ['X-Key'] })).detail, /Headers: X-Key/);
  });
});
