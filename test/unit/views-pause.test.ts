import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PauseSnapshot } from '../../src/proxy/pause/types.ts';
import { ItemWord } from '../../src/views/ids.ts';
import { statusOf } from '../../src/views/present/status.ts';
import { upstreamRows } from '../../src/views/present/upstreams.ts';
import { snapshot, tool, upstream } from './views-fixtures.ts';

const show = (pause: Partial<PauseSnapshot>) => {
  const paused = { all: false, servers: [], tools: [], problem: undefined, ...pause };
  const state = { snapshot: snapshot([upstream({ tools: [tool('a', { status: 'approved' }), tool('b')] })], { pause: paused }), trusted: true };
  const [server] = upstreamRows(state);
  const [a, b] = server?.children() ?? [];
  return { status: statusOf({ kind: 'running', state, secretsPersist: true }), server, a, b };
};
const tooltip = ({ status }: ReturnType<typeof show>): string => status.tooltip.flat().map((part) => (part.kind === 'text' ? part.text : part.label)).join(' ');

describe('pauses as shown', () => {
  it('of everything are the status, above anything to review, and mark every row', () => {
    const shown = show({ all: true });
    assert.deepEqual([shown.status.health, shown.status.background], ['paused', 'warning']);
    assert.match(shown.status.text, /paused/);
    assert.match(tooltip(shown), /every call of a tool is refused\. Resume all/);
    for (const row of [shown.server, shown.a, shown.b]) {
      assert.match(row?.description ?? '', /^paused · /);
      assert.match(row?.spoken ?? '', /paused/);
      assert.ok(row?.words.includes(ItemWord.paused) === false, 'nothing to resume by itself');
    }
  });

  it('of a tool mark it alone, and offer to resume it', () => {
    const shown = show({ tools: [{ server: 'files', tool: 'a' }] });
    assert.ok(shown.a?.words.includes(ItemWord.paused));
    assert.match(shown.a?.description ?? '', /^paused · approved/);
    assert.doesNotMatch(`${shown.server?.description ?? ''}${shown.b?.description ?? ''}`, /paused/);
    assert.equal(shown.status.health, 'review');
    assert.match(tooltip(shown), /Paused: 1 tool\./);
  });

  it('of a server mark its tools, but are lifted at the server', () => {
    const { server, a } = show({ servers: ['files'] });
    assert.ok(server?.words.includes(ItemWord.paused));
    assert.match(a?.description ?? '', /^paused · /);
    assert.ok(!a?.words.includes(ItemWord.paused));
  });

  it('by a file that cannot be read say so and what to do', () => {
    const shown = show({ all: true, problem: { message: 'Everything is paused: paused.json:1:1', action: 'Repair it.' } });
    assert.match(tooltip(shown), /paused\.json:1:1 Repair it\./);
  });
});
