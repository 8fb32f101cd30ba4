import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { estimateResultTokens, estimateTokens } from '../../src/proxy/journal/tokens.ts';

const project = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

const ISSUES = Array.from({ length: 30 }, (_, i) => ({
  id: 1_000_000 + i * 977,
  number: i + 1,
  title: `Search results are empty after the index was rebuilt (${i})`,
  html_url: `https://github.com/example/project/issues/${i + 1}`,
  user: { login: 'octocat', site_admin: false },
  labels: ['bug', 'needs-triage'],
  created_at: `2026-11-${10 + (i % 20)}T08:15:30Z`,
  body: null,
}));

const SAMPLES: Readonly<Record<string, () => string | Promise<string>>> = {
  prose: () => project('docs/architecture.md'),
  licence: () => project('LICENSE'),
  code: () => project('src/proxy/json/canonical.ts'),
  'pretty JSON': () => JSON.stringify(ISSUES, null, 2),
  'minified JSON': () => JSON.stringify(ISSUES),
  'log lines': () => Array.from({ length: 60 }, (_, i) => `2026-11-20T12:${10 + (i % 50)}:00.123Z INFO request id=${((i * 2_654_435_761) >>> 0).toString(16)} status=200 path=/api/v1/items/${i}`).join('\n'),
  numbers: () => Array.from({ length: 200 }, (_, i) => `${i * 7_919},${i * 1.37}`).join('\n'),
  Chinese: () => '这个工具可以查询数据库中的所有记录，并返回结果列表。请问最近的地铁站在哪里？'.repeat(5),
  Japanese: () => 'このツールはデータベース内のすべてのレコードを検索し、結果のリストを返します。'.repeat(5),
  Russian: () => 'Этот инструмент выполняет поиск по всем записям базы данных и возвращает список результатов.'.repeat(5),
  German: () => 'Dieses Werkzeug durchsucht alle Datensätze der Datenbank. Größere Änderungen müssen bestätigt werden.'.repeat(5),
  markup: () => '<div class="item"><a href="https://example.com/page?id=1">Link text</a><span>More</span></div>\n'.repeat(30),
};

describe('estimateTokens', () => {
  for (const [name, sample] of Object.entries(SAMPLES)) {
    it(`is within 20 % of o200k for ${name}`, async () => {
      const text = await sample();
      const exact = encode(text).length;
      const error = estimateTokens(text) / exact - 1;
      assert.ok(Math.abs(error) <= 0.2, `${(error * 100).toFixed(1)} % off`);
    });
  }

  it('is nothing for nothing', () => {
    assert.equal(estimateTokens(''), 0);
  });
});

describe('estimateResultTokens', () => {
  const words = 'alpha beta gamma delta '.repeat(50);

  it('counts texts, embedded texts and images, and no blobs', () => {
    const result = { content: [{ type: 'text', text: words }, { type: 'resource', resource: { uri: 'a:b', text: words } }, { type: 'image', data: 'A'.repeat(10_000) }, { type: 'audio', data: 'A'.repeat(10_000) }] };
    assert.equal(estimateResultTokens(JSON.stringify(result)), 2 * estimateTokens(words) + 1_000);
  });

  it('counts structuredContent and its text mirror once', () => {
    const structuredContent = { words };
    const both = estimateResultTokens(JSON.stringify({ content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }));
    assert.equal(both, estimateTokens(JSON.stringify(structuredContent)));
  });

  it('takes anything, as results are untrusted', () => {
    for (const raw of ['{}', '[]', 'null', '{"content":7}', '{"content":[null,3,{"type":"text"}]}']) assert.equal(estimateResultTokens(raw), 0, raw);
  });
});
