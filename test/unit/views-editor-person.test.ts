/* The page of a sign-in, opened for the person at a window. VS Code's part, opening and a registry of commands, is a fake here. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';

type Resolve = (name: string, context: object, next: (name: string, context: object) => object) => object;

const opened: unknown[] = [];
Object.assign(globalThis, {
  editorOfTest: {
    commands: { registerCommand: () => ({ dispose: () => undefined }) },
    env: { openExternal: (url: unknown) => Promise.resolve(opened.push(url) > 0) },
  },
});
// The types of Node are those of the oldest that is supported, which has no such hooks.
const { registerHooks } = createRequire(import.meta.url)('node:module') as { readonly registerHooks: (hooks: { readonly resolve: Resolve }) => void };
registerHooks({ resolve: (name, context, next) => (name === 'vscode' ? { url: 'data:text/javascript,export const { commands, env } = globalThis.editorOfTest', shortCircuit: true } : next(name, context)) });
const { EditorPerson } = await import('../../src/views/editor-person.ts');

const PAGE = new URL('https://login.example/authorize?state=1');

/** Asks to open the page; `meanwhile` happens while the question stands, and then it is answered with `answer`. */
async function asked(answer: string | undefined, meanwhile: (signIn: AbortController) => void): Promise<{ readonly opened: readonly unknown[]; readonly cancelled: boolean }> {
  opened.length = 0;
  const [signIn, cancel] = [new AbortController(), new AbortController()];
  const modal = (): Promise<string | undefined> => {
    meanwhile(signIn);
    return Promise.resolve(answer);
  };
  // Once an address could be pasted nothing more happens by itself.
  const offered = (): void => signIn.abort();
  const person = new EditorPerson('files', { modal, pick: () => assert.fail(), prompt: () => assert.fail() }, cancel, offered);
  assert.equal(await person.open(PAGE, signIn.signal), undefined);
  return { opened: [...opened], cancelled: cancel.signal.aborted };
}

describe('the page of a sign-in', () => {
  it('is opened as it is written once the person said so, and else the sign-in is cancelled', async () => {
    assert.deepEqual(await asked('Open in Browser', () => undefined), { opened: [PAGE.href], cancelled: false });
    assert.deepEqual(await asked(undefined, () => undefined), { opened: [], cancelled: true });
  });

  it('is not opened when the sign-in ended while the question stood', async () => {
    assert.deepEqual(await asked('Open in Browser', (signIn) => signIn.abort()), { opened: [], cancelled: false });
  });
});
