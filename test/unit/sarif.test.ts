import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Validator, type Schema } from '@cfworker/json-schema';
import { sarifLog } from '../../src/headless/sarif.ts';
import { findingAt } from '../../src/proxy/scanner/finding.ts';
import { RULES } from '../../src/proxy/scanner/rules.ts';
import type { RuleCode } from '../../src/proxy/scanner/rule-titles.ts';

const SCHEMA = JSON.parse(readFileSync(new URL('../fixtures/sarif/sarif-2.1.0-rtm.5.json', import.meta.url), 'utf8')) as Schema;
const validator = new Validator(SCHEMA, '4', false);
const SEVERITIES = ['block', 'warning', 'info'] as const;

/** Every rule once, with hostile names, places and excerpts. */
const everything = (Object.keys(RULES) as RuleCode[]).map((code, i) => ({
  subject: `tool ${i} \u202E"<b>`,
  findings: SEVERITIES.map((severity) => findingAt({ path: `/a~1b/${i}\u200B`, of: 'value', text: `x\u0000y\ud800${code}`, offset: 0 }, { code, severity, start: 0, end: 3, detail: 'Seen.' })),
}));

describe('the SARIF log', () => {
  for (const [name, log] of Object.entries({ everything: sarifLog(everything, 'file:///a%20b/tools.json'), 'of a server': sarifLog(everything, undefined), nothing: sarifLog([], 'tools.json') })) {
    it(`fits the schema of SARIF 2.1.0: ${name}`, () => {
      const { errors, valid } = validator.validate(JSON.parse(JSON.stringify(log)));
      assert.deepEqual(errors.slice(0, 5), []);
      assert.ok(valid);
    });
  }

  it('is held to the schema: what is wrong is found', () => {
    const log = JSON.parse(JSON.stringify(sarifLog(everything, undefined))) as { runs: { results: Record<string, unknown>[]; tool: { driver: Record<string, unknown> } }[] };
    for (const breakIt of [() => (log.runs[0]?.results[0] ?? {})['level'] = 'grave', () => delete log.runs[0]?.tool.driver['name']]) {
      breakIt();
      assert.equal(validator.validate(log).valid, false);
    }
  });
});
