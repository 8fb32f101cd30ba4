import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isReadable, readDefinition, type Definition } from '../../src/proxy/catalog/definition.ts';
import { shownDefinitions, type ToolRules } from '../../src/proxy/catalog/tool-rules.ts';
import type { Catalog, CatalogTool } from '../../src/proxy/catalog/types.ts';
import type { ToolOverride, UpstreamConfig } from '../../src/proxy/config/types.ts';
import { toolId } from '../../src/proxy/model.ts';
import { createShape } from '../../src/proxy/pipeline/stages/shape.ts';
import { ruleProblems } from '../../src/proxy/policy/rule-problems.ts';
import { exposedDefinition } from '../../src/proxy/relay/exposed-tool.ts';
import { callFixture } from '../fixtures/calls.ts';

const define = (raw: string): Definition => {
  const definition = readDefinition(raw);
  return isReadable(definition) ? definition : assert.fail(definition.problem);
};
const DEPLOY = define(
  '{"name":"deploy","description":"Deploys.","x":9007199254740993,"inputSchema":{"type":"object","properties":{"env":{"type":"string"},"target":{"type":"string","x":9007199254740993},"count":{"type":"integer"},"note":{"type":"string"}},"required":["env","target","count"],"dependentRequired":{"note":["env","target"]}},"annotations":{"destructiveHint":true,"openWorldHint":true}}',
);
const shownAs = (override: ToolOverride, alias: Record<string, string> = {}, others: readonly Definition[] = []): CatalogTool => {
  const [shown = assert.fail()] = shownDefinitions([DEPLOY, ...others], { alias, overrides: { deploy: override } });
  return { server: 'ops', id: toolId('ops', shown.shownName), exposedName: `ops_${shown.shownName}`, ...shown };
};
const run = async (tool: CatalogTool, argumentsText: string | undefined): Promise<{ sent: string | undefined; code: string | undefined; text: string }> => {
  const call = callFixture(tool.id, { tool, argumentsText });
  let sent: string | undefined;
  const outcome = await createShape().run(call, () => {
    sent = call.argumentsText;
    return Promise.resolve({ kind: 'ok', code: undefined, reply: { result: '{}' }, truncated: false });
  });
  return { sent, code: outcome.code, text: JSON.stringify(outcome.reply) };
};

describe('tools.overrides', () => {
  it('rewrite the schema to what an agent has to give, and leave the rest to the letter', () => {
    const tool = shownAs({ hide: ['note'], pin: { env: 'staging' }, defaults: { count: 3 }, rename: { target: 'host' }, description: 'Deploys to staging.' });
    const exposed = exposedDefinition(tool);
    assert.equal(
      exposed,
      '{"name":"ops_deploy","description":"Deploys to staging.","x":9007199254740993,"inputSchema":{"type":"object","properties":{"host":{"type":"string","x":9007199254740993},"count":{"type":"integer","default":3}},"required":["host"],"dependentRequired":{}},"annotations":{"destructiveHint":true,"openWorldHint":true},"title":"ops: deploy"}',
    );
    assert.deepEqual(Object.keys(tool.inputSchema['properties'] as object), ['host', 'count']);
    assert.deepEqual([tool.raw, tool.digest], [DEPLOY.raw, DEPLOY.digest], 'what is approved is the definition of the upstream');
  });

  it('send what the upstream asks for, every value as it was written', async () => {
    const tool = shownAs({ hide: ['note'], pin: { env: 'staging' }, defaults: { count: 3 }, rename: { target: 'host' } });
    assert.equal((await run(tool, '{"host":"a\\u0062","extra": 9007199254740993}')).sent, '{"target":"a\\u0062","extra":9007199254740993,"count":3,"env":"staging"}');
    assert.equal((await run(tool, '{"count":5,"host":"a"}')).sent, '{"count":5,"target":"a","env":"staging"}');
    assert.equal((await run(shownAs({ rename: { env: 'target', target: 'env' } }), '{"env":"e","target":"t","count":1}')).sent, '{"target":"e","env":"t","count":1}');
  });

  it('take no parameter that is hidden, pinned or called otherwise, however it is written', async () => {
    const tool = shownAs({ hide: ['note'], pin: { env: 'staging' }, defaults: { count: 3 }, rename: { target: 'host' } });
    for (const given of ['"note":"x"', '"env":"production"', '"target":"b"', '"\\u0065nv":"production"', '"env":null']) {
      const { sent, code, text } = await run(tool, `{"host":"a",${given}}`);
      assert.deepEqual([sent, code], [undefined, 'invalid_arguments'], given);
      assert.match(text, /there is no such parameter/);
    }
    assert.equal((await run(tool, '{"host":"a","host":"b"}')).sent, '{"target":"b","count":3,"env":"staging"}', 'a repeated name has one meaning');
  });

  it('are checked before and after: the agent by what it was shown, the outcome by the schema of the upstream', async () => {
    assert.match((await run(shownAs({ rename: { target: 'host' } }), '{"env":"e","count":1}')).text, /host/);
    for (const override of [{ hide: ['env'] }, { pin: { env: 7 } }]) {
      const { code, sent, text } = await run(shownAs(override), '{"target":"t","count":1}');
      assert.deepEqual([code, sent], ['invalid_arguments', undefined]);
      assert.match(text, /configuration of this tool/);
      assert.match(text, /retryable\\":false/);
    }
  });

  it('say in annotations what a person says of the harm', () => {
    for (const [tier, readOnlyHint, destructiveHint] of [['read', true, false], ['write', false, false], ['destructive', false, true]] as const) {
      const tool = shownAs({ tier });
      assert.equal(tool.tier, tier);
      const { annotations } = JSON.parse(exposedDefinition(tool)) as { annotations: object };
      assert.deepEqual(annotations, { destructiveHint, openWorldHint: true, readOnlyHint });
    }
    assert.equal(exposedDefinition(shownAs({ description: 'Deploys.' })).includes('"readOnlyHint"'), false);
  });

  it('rename nothing to what another parameter is called', () => {
    assert.deepEqual(Object.keys(shownAs({ rename: { target: 'env' } }).inputSchema['properties'] as object), ['env', 'target', 'count', 'note']);
    assert.deepEqual(Object.keys(shownAs({ rename: { target: '__proto__' } }).inputSchema['properties'] as object), ['env', '__proto__', 'count', 'note']);
  });

  it('make of any arguments what the reference makes of them', async () => {
    const names = ['env', 'target', 'count', 'note'] as const;
    const value = fc.oneof(fc.constant('"s"'), fc.constant('1'), fc.constant('9007199254740993'), fc.constant('null'), fc.constant('{"a": [1.0]}'));
    const overrides: fc.Arbitrary<ToolOverride> = fc.record({
      hide: fc.subarray([...names]),
      pin: fc.dictionary(fc.constantFrom(...names), fc.constantFrom('p', 2)),
      defaults: fc.dictionary(fc.constantFrom(...names), fc.constantFrom('d', 3)),
      rename: fc.subarray([...names]).map((some) => Object.fromEntries(some.map((name) => [name, `new_${name}`]))),
    });
    const schemaless = define('{"name":"any","inputSchema":{"type":"object","properties":{"env":{},"target":{},"count":{},"note":{}}}}');
    await fc.assert(
      fc.asyncProperty(overrides, fc.dictionary(fc.constantFrom(...names, ...names.map((name) => `new_${name}`), 'other'), value), async (override, given) => {
        const [shown = assert.fail()] = shownDefinitions([schemaless], { alias: {}, overrides: { any: override } });
        const tool: CatalogTool = { server: 's', id: 's:any', exposedName: 's_any', ...shown };
        const { hide = [], pin = {}, defaults = {}, rename = {} } = override;
        const gone = new Set<string>([...hide, ...Object.keys(pin)]);
        const shownName = (name: string): string => (gone.has(name) ? name : (rename[name] ?? name));
        const visible: string[] = names.filter((name) => !gone.has(name)).map(shownName);
        assert.deepEqual(Object.keys(tool.inputSchema['properties'] as object).sort(), [...visible].sort());
        const text = `{${Object.entries(given).map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(',')}}`;
        const forbidden = Object.keys(given).some((name) => names.some((own) => own === name) && !visible.includes(name));
        const { sent, code } = await run(tool, text);
        if (forbidden) return assert.equal(code, 'invalid_arguments');
        const expected = new Map<string, unknown>();
        for (const [name, raw] of Object.entries(given)) expected.set(names.find((own) => visible.includes(name) && shownName(own) === name) ?? name, raw);
        for (const [name, raw] of Object.entries(defaults)) if (!expected.has(name)) expected.set(name, JSON.stringify(raw));
        for (const [name, raw] of Object.entries(pin)) expected.set(name, JSON.stringify(raw));
        assert.deepEqual(sent, `{${[...expected].map(([name, raw]) => `${JSON.stringify(name)}:${String(raw)}`).join(',')}}`);
      }),
    );
  });
});

describe('tools.alias', () => {
  const rules = (alias: Record<string, string>): ToolRules => ({ alias, overrides: {} });
  const other = define('{"name":"status"}');

  it('is what agents call the tool', () => {
    assert.deepEqual(shownDefinitions([DEPLOY, other], rules({ deploy: 'ship' })).map(({ name, shownName, shaping }) => [name, shownName, shaping]), [['deploy', 'ship', undefined], ['status', 'status', undefined]]);
  });

  it('never takes a name that another tool has', () => {
    assert.deepEqual(shownDefinitions([DEPLOY, other], rules({ deploy: 'status' })).map(({ shownName }) => shownName), ['deploy', 'status']);
    assert.deepEqual(shownDefinitions([DEPLOY, other], rules({ deploy: 'status', status: 'deploy' })).map(({ shownName }) => shownName), ['deploy', 'status']);
  });
});

describe('problems with the tools section', () => {
  it('are what a server that was listed tells', () => {
    const tool = shownAs({ hide: ['env', 'nothing'], rename: { target: 'count' } }, { deploy: 'status' }, [define('{"name":"status"}')]);
    const [status = assert.fail()] = shownDefinitions([define('{"name":"status"}')], undefined);
    const tools = [tool, { server: 'ops', id: 'ops:status' as const, exposedName: 'ops_status', ...status }];
    const catalog = { server: (name: string) => (name === 'ops' ? { tools } : undefined) } as unknown as Catalog;
    const upstream = { name: 'ops', at: { file: 'f', line: 1, column: 2 }, flow: {}, tools: { allow: undefined, deny: [], alias: { deploy: 'status', statsu: 'x' }, overrides: { deploy: { hide: ['env', 'nothing'], rename: { target: 'count' } } } } } as unknown as UpstreamConfig;
    const problems = ruleProblems([upstream, { ...upstream, name: 'never listed' }], catalog);
    assert.deepEqual(problems.map(({ message }) => message), [
      'The alias "status" of "deploy" does not apply: another tool of the server has that name.',
      'The override of "deploy" names the parameter "nothing", which the tool does not have.',
      'The parameter "target" of "deploy" cannot be called "count": it is hidden, or another is called so.',
      'The override of "deploy" hides "env", which every call needs.',
      '"tools" names "statsu", and the server has no such tool.',
    ]);
    assert.match(problems.at(-1)?.fix ?? '', /"status"/);
    assert.ok(problems.every(({ severity, at, server }) => severity === 'warning' && at?.line === 1 && server === 'ops'));
  });
});
