/* Prompts, templates and resources on the command line: seen, shown and decided about like tools. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stdioPeer } from '../fixtures/relay/rig.ts';
import { makePlace, vestibule } from '../fixtures/serve.ts';

interface Item {
  readonly kind: string;
  readonly name: string;
  readonly status: string;
}

describe('the command line', () => {
  it('approves what a server has beside tools, lists and shows it', async () => {
    const place = await makePlace();
    try {
      await place.servers({ servers: { peer: stdioPeer({ instructions: 'Be nice.', prompts: [{ name: 'greet', description: 'Says hello' }], templates: [{ uriTemplate: 'x://{id}' }] }) } });
      const approved = await vestibule(place, 'upstream', 'approve', '--name', 'peer');
      assert.equal(approved.code, 0, approved.stderr);
      for (const line of ['Approved instructions of peer.', 'Approved resources of peer.', 'Approved template x://{id} of peer.', 'Approved prompt greet of peer.']) {
        assert.ok(approved.stdout.includes(line), approved.stdout);
      }
      const list = async (): Promise<string[]> => {
        const { stdout } = await vestibule(place, 'quarantine', 'list', '--all', '--json');
        return (JSON.parse(stdout) as Item[]).filter(({ kind }) => kind !== 'tool').map(({ kind, name, status }) => `${kind} ${name} ${status}`);
      };
      assert.deepEqual(await list(), ['launch  approved', 'instructions  approved', 'resources  approved', 'template x://{id} approved', 'prompt greet approved']);
      const shown = await vestibule(place, 'quarantine', 'show', '--server', 'peer', '--all');
      assert.ok(shown.stdout.includes('prompt greet of peer  approved') && shown.stdout.includes('"description": "Says hello"'), shown.stdout);

      await place.servers({ servers: { peer: stdioPeer({ instructions: 'Be nice.', prompts: [{ name: 'greet', description: 'Says goodbye' }] }) } });
      assert.equal((await vestibule(place, 'upstream', 'approve', '--name', 'peer')).code, 0);
      assert.ok((await list()).includes('prompt greet approved'));
    } finally {
      await place.dispose();
    }
  });
});
