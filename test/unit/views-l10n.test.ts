import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import ts from 'typescript';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { fill, t, tn, translateWith } from '../../src/views/l10n.ts';
import { whyOf } from '../../src/views/present/codes.ts';
import { problemOf } from '../../src/views/problem.ts';

const root = path.join(import.meta.dirname, '..', '..');

type Texts = Readonly<Record<string, string>>;

async function texts(file: string): Promise<Texts> {
  return JSON.parse(await readFile(path.join(root, file), 'utf8')) as Texts;
}

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

function placeholders(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\{\d+\}/g)].map(([found]) => found))].sort();
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

  it('say of an error of the core what went wrong in the person’s language, and keep its own words', async () => {
    const error = new VestibuleError('launch-failed', 'The server notes is switched off.', { action: 'Switch it on.' });
    translateWith(fill);
    assert.deepEqual(problemOf(error), { message: 'The server notes is switched off.', action: 'Switch it on.' });
    assert.equal(problemOf(new Error('odd')).action, 'Open the Vestibule log for details.');
    assert.match(whyOf('paused') ?? '', /were paused/);
    const german = await texts('l10n/bundle.l10n.de.json');
    translateWith((message, ...values) => fill(german[message] ?? message, ...values));
    assert.deepEqual(problemOf(error), { message: 'Der Server konnte nicht gestartet werden. (auf Englisch) The server notes is switched off.', action: 'Switch it on.' });
    assert.equal(problemOf(new Error('odd')).message, 'odd');
    assert.match(whyOf('paused') ?? '', /angehalten/);
    assert.equal(whyOf('constructor'), undefined);
  });

  it('are literals where they are said: a translation finds them', async () => {
    const { keys, unclear } = await spoken();
    assert.deepEqual(unclear, []);
    assert.ok(keys.size > 0);
  });

  it('are in German, every one, with the same values, and nothing else is', async () => {
    const { keys } = await spoken();
    const german = await texts('l10n/bundle.l10n.de.json');
    assert.deepEqual([...keys].filter((key) => german[key] === undefined).sort(), [], 'add these to l10n/bundle.l10n.de.json');
    assert.deepEqual(Object.keys(german).filter((key) => !keys.has(key)).sort(), [], 'nothing says these any more');
    for (const [english, translated] of Object.entries(german)) assert.deepEqual(placeholders(translated), placeholders(english), english);
  });
});

describe('texts of the manifest', () => {
  it('are in German, every one, with the same commands, settings and markup', async () => {
    const english = await texts('package.nls.json');
    const german = await texts('package.nls.de.json');
    assert.deepEqual(Object.keys(german).sort(), Object.keys(english).sort());
    const kept = (text: string): readonly string[] => [...text.matchAll(/\((?:command|https?):[^)]*\)|`[^`]*`/g)].map(([found]) => found).sort();
    for (const [key, text] of Object.entries(english)) assert.deepEqual(kept(german[key] ?? ''), kept(text), key);
  });
});
