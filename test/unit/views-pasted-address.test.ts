/* The offer to paste the address of a sign-in that is under way. VS Code's part, a registry of commands, is a fake here. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';

type Run = (id: unknown) => Promise<void> | undefined;
type Resolve = (name: string, context: object, next: (name: string, context: object) => object) => object;

const registered = new Map<string, Run>();
Object.assign(globalThis, {
  commandsOfTest: {
    registerCommand: (name: string, run: Run) => {
      registered.set(name, run);
      return { dispose: () => registered.delete(name) };
    },
  },
});
// The types of Node are those of the oldest that is supported, which has no such hooks.
const { registerHooks } = createRequire(import.meta.url)('node:module') as { readonly registerHooks: (hooks: { readonly resolve: Resolve }) => void };
registerHooks({ resolve: (name, context, next) => (name === 'vscode' ? { url: 'data:text/javascript,export const commands = globalThis.commandsOfTest', shortCircuit: true } : next(name, context)) });
const { pastedAddress } = await import('../../src/views/pasted-address.ts');

describe('the offer to paste an address', () => {
  const dialogs = { prompt: () => Promise.resolve('http://127.0.0.1/callback?code=1') };

  it('is taken up by the link in the notification, and is gone then', async () => {
    const told: string[] = [];
    const pasted = pastedAddress(dialogs, (message) => told.push(message), new AbortController().signal);
    const [, name = '', ids = ''] = /command:([\w.]+)\?([^)]+)\)/.exec(told[0] ?? '') ?? [];
    const [id] = JSON.parse(decodeURIComponent(ids)) as unknown[];
    await registered.get(name)?.(id);
    assert.equal(await pasted, 'http://127.0.0.1/callback?code=1');
    assert.equal(registered.size, 0);
  });

  it('ends with the sign-in, also with one that ended before', async () => {
    const over = new AbortController();
    const told: string[] = [];
    const during = pastedAddress(dialogs, (message) => told.push(message), over.signal);
    over.abort();
    assert.equal(await during, undefined);
    assert.equal(await Promise.race([pastedAddress(dialogs, (message) => told.push(message), over.signal), new Promise((resolve) => setImmediate(resolve, 'waits'))]), undefined);
    assert.deepEqual([told.length, registered.size], [1, 0]);
  });
});
