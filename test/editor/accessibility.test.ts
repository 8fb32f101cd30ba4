import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { auditInspector, openFilledInspector } from './harness/audit.ts';
import { stepsIn } from './harness/steps.ts';
import type { Workbench } from './harness/workbench.ts';

describe('accessibility', { timeout: 600_000 }, () => {
  let workbench: Workbench;

  before(async () => {
    workbench = await openFilledInspector('accessibility');
  });
  after(() => workbench.close());

  const step = stepsIn(() => workbench);

  step('axe finds nothing in any tab, theme and size, no page is wider than its window, nothing moves for who wants less motion', async () => {
    const audits = await auditInspector(workbench);
    assert.equal(audits.length, 24);
    assert.ok(audits.every(({ passed }) => passed > 10));
    assert.deepEqual(audits.flatMap(({ tab, theme, zoom, violations }) => violations.map((violation) => `${theme}, ${zoom} %, ${tab}: ${violation}`)), []);
    assert.deepEqual(audits.filter(({ tooWide }) => tooWide > 0), []);
    assert.deepEqual([...new Set(audits.flatMap(({ moving }) => moving))], []);
  });
});
