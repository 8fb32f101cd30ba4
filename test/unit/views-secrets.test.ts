import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSecretStore } from '../../src/oauth/vscode/secret-store.ts';
import { InputAsker } from '../../src/views/ask-input.ts';
import type { InputDeclaration } from '../../src/proxy/config/types.ts';
import { ScriptedDialogs } from './views-fixtures.ts';

/** Editor storage as far as the secret store uses it. */
class Editor {
  secrets = new Map<string, string>();
  readonly memory = new Map<string, unknown>();
  readonly storage = {
    get: (key: string): Promise<string | undefined> => Promise.resolve(this.secrets.get(key)),
    store: (key: string, value: string): Promise<void> => Promise.resolve(void this.secrets.set(key, value)),
    delete: (key: string): Promise<void> => Promise.resolve(void this.secrets.delete(key)),
  };
  readonly memento = {
    get: (key: string): unknown => this.memory.get(key),
    update: (key: string, value: unknown): Promise<void> => Promise.resolve(void this.memory.set(key, value)),
  };
}

describe('secret store', () => {
  it('keeps what it is given', async () => {
    const editor = new Editor();
    const store = await openSecretStore(editor.storage, editor.memento);
    await store.set('input/key', 'value');
    assert.equal(await store.get('input/key'), 'value');
    await store.delete('input/key');
    assert.equal(await store.get('input/key'), undefined);
  });

  it('notices at the next activation that secrets did not outlive the last', async () => {
    const editor = new Editor();
    assert.equal((await openSecretStore(editor.storage, editor.memento)).persistent, true);
    assert.equal((await openSecretStore(editor.storage, editor.memento)).persistent, true);
    editor.secrets = new Map();
    assert.equal((await openSecretStore(editor.storage, editor.memento)).persistent, false);
  });
});

describe('asking for inputs', () => {
  const input = (id: string, more: Partial<InputDeclaration> = {}): InputDeclaration => ({
    id,
    type: 'promptString',
    description: undefined,
    default: undefined,
    password: false,
    options: [],
    ...more,
  });

  it('hides what is declared a password, and offers the default', async () => {
    const dialogs = new ScriptedDialogs();
    dialogs.texts = ['s3cret'];
    assert.equal(await new InputAsker(dialogs).ask(input('key', { password: true, default: 'x' }), 'files'), 's3cret');
    assert.deepEqual([dialogs.prompts[0]?.password, dialogs.prompts[0]?.value], [true, 'x']);
  });

  it('offers the options of a list', async () => {
    const dialogs = new ScriptedDialogs();
    dialogs.choose = ['eu'];
    assert.equal(await new InputAsker(dialogs).ask(input('region', { type: 'pickString', options: ['us', 'eu'] }), 'files'), 'eu');
  });

  it('asks one box at a time, and once for two that want the same', async () => {
    const dialogs = new ScriptedDialogs();
    let open = 0;
    dialogs.prompt = async ({ title }) => {
      assert.equal(++open, 1);
      await new Promise(setImmediate);
      open--;
      return title;
    };
    const asker = new InputAsker(dialogs);
    const answers = await Promise.all([asker.ask(input('a'), 'one'), asker.ask(input('a'), 'two'), asker.ask(input('b'), 'two')]);
    assert.deepEqual(answers, ['“one” needs a', '“one” needs a', '“two” needs b']);
  });

  it('asks again after a refusal', async () => {
    const dialogs = new ScriptedDialogs();
    const asker = new InputAsker(dialogs);
    assert.equal(await asker.ask(input('a'), 'one'), undefined);
    dialogs.texts = ['now'];
    assert.equal(await asker.ask(input('a'), 'one'), 'now');
  });
});
