import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GatewayApi, ProposalSnapshot } from '../../src/proxy/api.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { Command } from '../../src/views/ids.ts';
import { quarantineRows } from '../../src/views/present/quarantine.ts';
import { noticeProposals } from '../../src/views/proposal-notice.ts';
import { proposalText, reviewProposal } from '../../src/views/proposals.ts';
import { FakeGateway, ScriptedDialogs, snapshot } from './views-fixtures.ts';

const proposal = (more: Partial<ProposalSnapshot> = {}): ProposalSnapshot => ({ id: 'p1', at: 0, agent: 'bot', name: 'notes', reason: 'I need\nit', argv: ['npx', '-y', 'notes\u202e-mcp'], url: undefined, ...more });

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
    const text = proposalText(proposal());
    assert.match(text, /runs this command on your machine:\n\nnpx -y "notes\\u\{202E\}-mcp"\n\n/);
    assert.match(text, /In the agent’s words: I need\\nit$/);
    const answers: [string | undefined, readonly (readonly [string, string])[]][] = [[undefined, []], ['Decline', [['decline proposal', 'p1']]], ['Add Server', [['accept proposal', 'p1']]]];
    for (const [answer, decided] of answers) {
      gateway.decided.length = 0;
      await reviewProposal({ host, dialogs: { pick: () => assert.fail('there is one'), modal: () => Promise.resolve(answer), inform: () => undefined } });
      assert.deepEqual(gateway.decided, decided);
    }
  });
});
