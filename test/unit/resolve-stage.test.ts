import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import { FULL_GRANT, type Grant } from '../../src/proxy/model.ts';
import { mayUse } from '../../src/proxy/policy/grants.ts';
import { createResolve } from '../../src/proxy/pipeline/stages/resolve.ts';
import type { Outcome } from '../../src/proxy/pipeline/types.ts';
import { callFixture, PRINCIPAL_FIXTURE, toolFixture } from '../fixtures/calls.ts';

const LOOK = toolFixture('files', 'read_note', { annotations: { readOnlyHint: true } });
const SECRET = toolFixture('payroll', 'read_wages', { description: 'Wages.', annotations: { readOnlyHint: true } });
const DROP = toolFixture('files', 'drop_note');
const REACHED: Outcome = { kind: 'ok', code: undefined, reply: { result: '{}' }, truncated: false };

/** What a caller with this grant gets for a name, where these tools are. */
function asked(requested: string, grant: Partial<Grant>, tools: readonly CatalogTool[]): Promise<Outcome> {
  const principal = { ...PRINCIPAL_FIXTURE, grant: { ...FULL_GRANT, ...grant } };
  const stage = createResolve({
    catalog: { find: (name) => tools.find(({ id, exposedName }) => id === name || exposedName === name) },
    visibleTools: (who) => tools.filter((tool) => mayUse(who, tool)),
  });
  return stage.run(callFixture(requested, { principal }), () => Promise.resolve(REACHED));
}

describe('the resolve stage', () => {
  it('answers a name outside the grant alike whether the tool exists or not', async () => {
    for (const grant of [{ servers: ['files'] }, { tools: ['files:*'] }] as const) {
      for (const [name, code] of [[SECRET.id, 'not_permitted'], [SECRET.exposedName, 'unknown_tool']] as const) {
        const without = await asked(name, grant, [LOOK, DROP]);
        const withIt = await asked(name, grant, [LOOK, DROP, SECRET]);
        assert.deepEqual(withIt.reply, without.reply);
        assert.match(JSON.stringify(withIt.reply), new RegExp(code));
        assert.equal(withIt.code, 'not_permitted');
      }
    }
  });

  it('says that a tool is above the tier of a caller that may know of it', async () => {
    for (const name of [DROP.id, DROP.exposedName]) assert.match(JSON.stringify((await asked(name, { tier: 'read' }, [LOOK, DROP])).reply), /not_permitted/);
    assert.match(JSON.stringify((await asked('files:dorp_note', { tier: 'read' }, [LOOK, DROP])).reply), /unknown_tool/);
  });

  it('names near tools only of those the caller may use', async () => {
    const { reply } = await asked('read_wage', { servers: ['files'] }, [LOOK, DROP, SECRET]);
    assert.doesNotMatch(JSON.stringify(reply), /payroll|wages/);
    assert.match(JSON.stringify((await asked('read_wage', {}, [LOOK, DROP, SECRET])).reply), /payroll:read_wages/);
  });

  it('lets through what the grant covers', async () => {
    for (const name of [LOOK.id, LOOK.exposedName]) assert.equal(await asked(name, { servers: ['files'], tier: 'read' }, [LOOK, DROP, SECRET]), REACHED);
  });
});
