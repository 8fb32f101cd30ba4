import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { CODES } from '../../src/proxy/diagnosis/codes.ts';

describe('docs/doctor.md', { timeout: 60_000 }, () => {
  it('lists every code there is with its area and cause, and no other', async () => {
    const text = await readFile(new URL('../../docs/doctor.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| `([a-z-]+)` \| ([a-z]+) \| (.+?) \| (.+) \|$/gm)].map(([, code, area, cause]) => [code, area, cause]);
    assert.deepEqual(listed, Object.entries(CODES).map(([code, { area, cause }]) => [code, area, cause]));
  });
});
