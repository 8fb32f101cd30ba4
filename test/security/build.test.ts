import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../scripts/lib/bundles.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

describe('our own supply chain', { timeout: 240_000 }, () => {
  it('U13: two builds of the same sources are the same, byte for byte', async () => {
    const builds: ReadonlyMap<string, string>[] = [];
    for (const name of ['first', 'second']) {
      const folder = `out/build-${process.pid}-${name}`;
      try {
        await buildAll(folder);
        builds.push(digestsBelow(join(ROOT, folder)));
      } finally {
        rmSync(join(ROOT, folder), { recursive: true, force: true });
      }
    }
    const [first, second] = builds;
    assert.ok((first?.size ?? 0) > 5 && first?.has('extension.cjs') === true);
    assert.deepEqual(first, second);
  });

  it('U13: the package is an allow-list of what is built and read', () => {
    const rules = readFileSync(join(ROOT, '.vscodeignore'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(rules[0], '**', 'nothing ships unless it is named');
    for (const rule of rules.slice(1)) assert.match(rule, /^!(?:package\.json|package\.nls\*\.json|[A-Z_]+(?:\.md)?|dist\/[\w./*-]+|media\/[\w./*-]+|l10n\/\*\.json|schemas\/\*\.json)$/);
    assert.ok(!rules.some((rule) => /\*\.map|dist\/\*\*|node_modules|test|src/.test(rule)));
  });

  it('U13: nothing runs at install for who uses it, and no source makes code of text or starts programs beside the one place that does', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const name of ['preinstall', 'install', 'postinstall']) assert.equal(scripts[name], undefined);
    const starting: string[] = [];
    for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
      const text = readFileSync(join(ROOT, 'src', file), 'utf8');
      assert.doesNotMatch(text, /\beval\(|new Function\(|\bimport\((?!'\.|'node:)[^)]/, file);
      if (/from '(?:node:child_process|cross-spawn)'/.test(text)) starting.push(file.split(sep).join('/'));
    }
    assert.ok(starting.length > 0 && starting.every((file) => file.startsWith('proxy/upstream/')), starting.join(' '));
  });
});

/** Every file that ships below a folder, with its digest; what is only measured by is left out. */
function digestsBelow(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !relative(folder, path).startsWith('meta'));
  return new Map(paths.sort().map((path) => [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')]));
}
