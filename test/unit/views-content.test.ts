import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DefinitionSnapshot } from '../../src/proxy/api.ts';
import { definitionsOf, isAwaiting } from '../../src/views/present/awaiting.ts';
import { subjectInSentence, subjectTitle } from '../../src/views/present/subject.ts';
import { upstream } from './views-fixtures.ts';

const other = (kind: DefinitionSnapshot['kind'], name: string, status: DefinitionSnapshot['status']): DefinitionSnapshot => ({
  kind, name, title: undefined, description: `What ${name} is.`, digest: `sha256-${kind}`, status, raw: '{}', approvedRaw: undefined,
});

describe('prompts, resource templates and resources', () => {
  it('are reviewed beside the tools of their server', () => {
    const found = definitionsOf(upstream({ definitions: [other('resources', '', 'approved'), other('template', 'file', 'changed'), other('prompt', 'greet', 'pending')] }));
    assert.deepEqual(
      found.filter(({ ref }) => ref.kind !== 'tool').map((definition) => [subjectTitle(definition.ref), isAwaiting(definition)]),
      [['Resources', false], ['Resource template file', true], ['Prompt greet', true]],
    );
  });

  it('are named in a sentence without what would break it', () => {
    assert.equal(subjectInSentence({ kind: 'prompt', name: 'a\u202eb' }), 'the prompt “a\\u{202E}b”');
    assert.equal(subjectInSentence({ kind: 'resources', name: '' }), 'the reading of resources');
  });
});
