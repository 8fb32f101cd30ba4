import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import { exposedDefinition } from '../../src/proxy/relay/exposed-tool.ts';
import { toolFixture } from '../fixtures/calls.ts';

function withRaw(raw: string, changes: Partial<CatalogTool> = {}): CatalogTool {
  return { ...toolFixture('github', 'create_issue'), raw, ...changes };
}

describe('exposed definitions', () => {
  it('are as received but for name and title', () => {
    const tool = withRaw('{"name":"create_issue","x-unknown":{"n":9007199254740993},"inputSchema":{"type":"object"},"_meta":{"a":1.0}}');
    assert.equal(
      exposedDefinition(tool),
      '{"name":"github_create_issue","x-unknown":{"n":9007199254740993},"inputSchema":{"type":"object"},"_meta":{"a":1.0},"title":"github: create_issue"}',
    );
  });

  it('say the server in the older place of the title too', () => {
    const tool = withRaw('{"name":"create_issue","inputSchema":{"type":"object"},"annotations":{"title":"Create","readOnlyHint":true}}', {
      annotations: { title: 'Create', readOnlyHint: true },
    });
    const definition = JSON.parse(exposedDefinition(tool)) as { title: string; annotations: Record<string, unknown> };
    assert.equal(definition.title, 'github: Create');
    assert.deepEqual(definition.annotations, { title: 'github: Create', readOnlyHint: true });
  });

  it('are the very text received when the name stays', () => {
    const tool = withRaw('{ "name":"create_issue", "inputSchema":{"type":"object"} }', { exposedName: 'create_issue' });
    assert.equal(exposedDefinition(tool), tool.raw);
  });

  it('mend what strict clients reject a whole list for', () => {
    const tool = withRaw('{"name":"create_issue","title":null,"annotations":{"title":null,"readOnlyHint":true},"inputSchema":{"properties":{}}}', {
      exposedName: 'create_issue',
    });
    assert.deepEqual(JSON.parse(exposedDefinition(tool)), {
      name: 'create_issue',
      annotations: { readOnlyHint: true },
      inputSchema: { properties: {}, type: 'object' },
    });
    const bare = withRaw('{"name":"create_issue"}', { exposedName: 'create_issue' });
    assert.deepEqual(JSON.parse(exposedDefinition(bare)), { name: 'create_issue', inputSchema: { type: 'object' } });
  });
});
