import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { ApprovalStatus } from '../../src/proxy/model.ts';
import { withheld, type GateInput } from '../../src/proxy/quarantine/gate.ts';
import type { DefinitionRef } from '../../src/proxy/quarantine/types.ts';

const tool = { server: 'github', name: 'create_issue', digest: sha256('definition') };
const open = { allow: undefined, deny: [], alias: {}, overrides: {} };

function input(status: ApprovalStatus, changes: Partial<GateInput> = {}): GateInput {
  return { config: { enabled: true, tools: open }, approvals: { status: () => status }, launchApproved: true, ...changes };
}

describe('the gate', () => {
  it('opens for nothing but an approved digest of an approved launch', () => {
    assert.equal(withheld(tool, input('approved')), undefined);
    for (const status of ['pending', 'changed', 'blocked'] as const) assert.equal(withheld(tool, input(status)), status);
    assert.equal(withheld(tool, input('approved', { launchApproved: false })), 'launch');
    assert.equal(withheld(tool, input('approved', { config: { enabled: false, tools: open } })), 'disabled');
  });

  it('asks for this very definition', () => {
    const asked: DefinitionRef[] = [];
    withheld(tool, input('approved', { approvals: { status: (ref) => (asked.push(ref), 'approved') } }));
    assert.deepStrictEqual(asked, [{ ...tool, kind: 'tool' }]);
  });

  it('keeps back what the servers file denies or does not allow; denying wins', () => {
    const under = (allow: readonly string[] | undefined, deny: readonly string[]) =>
      withheld(tool, input('approved', { config: { enabled: true, tools: { ...open, allow, deny } } }));
    assert.equal(under(['create_*'], []), undefined);
    assert.equal(under(['get_*'], []), 'denied');
    assert.equal(under([], []), 'denied');
    assert.equal(under(undefined, ['*_issue']), 'denied');
    assert.equal(under(['create_issue'], ['create_issue']), 'denied');
  });

  it('does not count what is denied as waiting for anybody', () => {
    const config = { enabled: true, tools: { ...open, deny: ['*'] } };
    assert.equal(withheld(tool, input('pending', { config, launchApproved: false })), 'denied');
  });
});
