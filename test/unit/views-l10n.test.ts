import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import ts from 'typescript';
import { fill, t, tn, translateWith } from '../../src/views/l10n.ts';

const root = path.join(import.meta.dirname, '..', '..');

async function sources(): Promise<readonly string[]> {
  const all = await Promise.all(['src/views', 'webview'].map(async (folder) => (await readdir(path.join(root, folder), { recursive: true })).map((file) => path.join(folder, file))));
  return ['src/extension.ts', ...all.flat().filter((file) => file.endsWith('.ts') && path.basename(file) !== 'l10n.ts')];
}

/** The texts that the sources pass to `t` and `tn`, and the calls whose text is no literal. */
async function spoken(): Promise<{ readonly keys: ReadonlySet<string>; readonly unclear: readonly string[] }> {
  const keys = new Set<string>();
  const unclear: string[] = [];
  for (const file of await sources()) {
    const source = ts.createSourceFile(file, await readFile(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ['t', 'tn'].includes(node.expression.text)) {
        const said = node.expression.text === 't' ? node.arguments.slice(0, 1) : node.arguments.slice(1, 3);
        for (const argument of said) {
          if (ts.isStringLiteralLike(argument)) keys.add(argument.text);
          else unclear.push(`${file}: ${argument.getText(source)}`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return { keys, unclear };
}

describe('texts of the editor', () => {
  after(() => translateWith(fill));

  it('are English until a language is known, with values put in', () => {
    assert.equal(t('{0} of {1}', 1, 'many'), '1 of many');
    assert.equal(tn(1, '{0} tool', '{0} tools'), '1 tool');
    assert.equal(tn(0, '{0} tool', '{0} tools'), '0 tools');
  });

  it('are looked up by the English text', () => {
    translateWith((message, ...values) => fill(message === '{0} tools' ? '{0} Werkzeuge' : message, ...values));
    assert.equal(tn(2, '{0} tool', '{0} tools'), '2 Werkzeuge');
  });

  it('are literals where they are said: a translation finds them', async () => {
    const { unclear } = await spoken();
    assert.deepEqual(unclear, []);
  });
});
