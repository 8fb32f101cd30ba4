import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Validator, type Schema } from '@cfworker/json-schema';
import * as keys from '../../src/proxy/config/keys.ts';
import { RANGES } from '../../src/proxy/config/ranges.ts';
import { parseServersFile } from '../../src/proxy/config/servers-file.ts';

interface ObjectSchema {
  readonly anyOf?: ObjectSchema[];
  readonly description?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, ObjectSchema>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly type?: string;
}

const schema = JSON.parse(readFileSync(new URL('../../media/vestibule.schema.json', import.meta.url), 'utf8')) as ObjectSchema & {
  readonly definitions: Readonly<Record<string, ObjectSchema>>;
};
const { input, server, tools, override, gateway, profile } = schema.definitions;

describe('the JSON schema and the parser agree', () => {
  const objects: readonly (readonly [string, ObjectSchema | undefined, readonly string[]])[] = [
    ['the file', schema, keys.FILE_KEYS],
    ['a server', server, keys.SERVER_KEYS],
    ['an input', input, keys.INPUT_KEYS],
    ['tools', tools, keys.TOOLS_KEYS],
    ['an override', override, keys.OVERRIDE_KEYS],
    ['limits', server?.properties?.['limits'], keys.LIMITS_KEYS],
    ['retry', server?.properties?.['retry'], keys.RETRY_KEYS],
    ['breaker', server?.properties?.['breaker'], keys.BREAKER_KEYS],
    ['limits of the gateway', gateway?.properties?.['limits'], keys.GATEWAY_LIMITS_KEYS],
    ['a budget', gateway?.properties?.['limits']?.properties?.['budget'], keys.BUDGET_KEYS],
    ['autonomous', gateway?.properties?.['autonomous'], keys.AUTONOMOUS_KEYS],
    ['hedge', server?.properties?.['hedge'], keys.HEDGE_KEYS],
    ['outlier', server?.properties?.['outlier'], keys.OUTLIER_KEYS],
    ['the cache of the gateway', gateway?.properties?.['cache'], keys.CACHE_STORE_KEYS],
    ['jwt', gateway?.properties?.['jwt'], keys.JWT_KEYS],
    ['introspection', gateway?.properties?.['introspection'], keys.INTROSPECTION_KEYS],
    ['a role', gateway?.properties?.['jwt']?.properties?.['roles']?.additionalProperties as ObjectSchema, keys.ROLE_KEYS],
    ['isolation', server?.properties?.['isolation'], keys.ISOLATION_KEYS],
    ['canary', server?.properties?.['canary'], keys.SHARE_KEYS],
    ['mirror', server?.properties?.['mirror'], keys.SHARE_KEYS],
    ['cache', server?.properties?.['cache'], keys.CACHE_KEYS],
    ['output', server?.properties?.['output'], keys.OUTPUT_KEYS],
    ['oauth', server?.properties?.['oauth'], keys.OAUTH_KEYS],
    ['enterprise', server?.properties?.['oauth']?.properties?.['enterprise'], keys.ENTERPRISE_KEYS],
    ['gateway', gateway, keys.GATEWAY_KEYS],
    ['a profile', profile, keys.PROFILE_KEYS],
  ];
  for (const [what, object, known] of objects) {
    it(`on the keys of ${what}, each explained`, () => {
      assert.deepEqual(Object.keys(object?.properties ?? {}).sort(), [...known].sort());
      assert.equal(object?.additionalProperties, false);
      for (const [key, property] of Object.entries(object.properties ?? {})) {
        assert.ok('$ref' in property || (property.description ?? '') !== '', `${key} has no description`);
      }
    });
  }

  it('on the range of every number', () => {
    const numbers = new Map<string, ObjectSchema>();
    const collect = (object: ObjectSchema | undefined): void => {
      for (const [key, property] of Object.entries(object?.properties ?? {})) {
        const number = [property, ...(property.anyOf ?? [])].find(({ type }) => type === 'number' || type === 'integer');
        if (number !== undefined) numbers.set(key, number);
        collect(property);
      }
    };
    for (const object of [server, gateway]) collect(object);
    const names: Readonly<Record<string, keyof typeof RANGES>> = { seconds: 'cacheSeconds', cacheSeconds: 'introspectedSeconds', limit: 'responseLimit' };
    for (const [key, { minimum, maximum, type }] of numbers) {
      const range: { min: number; max: number; whole?: boolean } = RANGES[names[key] ?? (key as keyof typeof RANGES)];
      assert.deepEqual([minimum, maximum, type], [range.min, range.max, range.whole === true ? 'integer' : 'number'], key);
    }
    assert.equal(numbers.size, Object.keys(RANGES).length + 1, 'responseLimit stands for two keys');
  });

  const validator = new Validator(schema as Schema, '7');
  const fits = (content: unknown): boolean => validator.validate(content).valid;
  const parses = (content: unknown): boolean => parseServersFile(JSON.stringify(content), 'f', 'user').problems.length === 0;
  const one = (entry: unknown): unknown => ({ servers: { a: entry } });
  const accepted: readonly unknown[] = [
    {},
    { $schema: 'x', inputs: [{ id: 'a', type: 'pickString', options: ['x', { value: 'y' }] }], servers: {}, gateway: {}, profiles: {} },
    one({ command: 'x', args: [''], env: { A: null, B: 1, C: '' }, envFile: 'e', cwd: 'c' }),
    one({ type: 'sse', url: 'HTTPS://x', headers: { A: '' } }),
    { inputs: [{ id: 'u', type: 'promptString' }], servers: { a: { url: '${input:u}' } } },
    one({ command: 'x', tools: { allow: ['a*'], deny: ['b?'], alias: { a: 'b.c' }, overrides: { a: { tier: 'read', pin: { x: null } } } } }),
    one({ command: 'x', limits: { perMinute: 1 }, cache: { seconds: 0 }, output: { limit: 500 }, retry: {}, breaker: {}, isolation: { kind: 'container', image: 'node:24-slim' }, oauth: { clientId: 'x', enterpriseManaged: true } }),
    one({ url: 'https://x', oauth: { grant: 'client_credentials', clientId: 'x', clientSecret: '${secret:S}', redirectPort: 33418, privateNetwork: true, pkce: 'assumed' } }),
    one({ url: 'https://x', oauth: { editorAccount: 'github', scopes: ['read:user'] } }),
    { gateway: { mode: 'retrieve', topK: 50, responseLimit: 500, instructions: 'x', autonomy: 'autonomous', directThreshold: 0, pinned: ['a:*'], codeExecution: true } },
    { gateway: { directThreshold: 'auto' } },
    { profiles: { 'work_1-a': {}, b: { servers: ['a*'], tools: ['a:b'], mode: 'direct', pinned: [] } } },
  ];
  const refused: readonly unknown[] = [
    [], { server: {} }, { servers: [] }, { inputs: {} }, { inputs: [{ id: 'a' }] }, { inputs: [{ id: 'a', type: 'x' }] }, { gateway: { mode: 'x' } }, { gateway: { topK: 0 } },
    { gateway: { directThreshold: -1 } }, { gateway: { directThreshold: 'never' } }, { gateway: { pinned: [''] } }, { gateway: { codeExecution: 'yes' } }, { profiles: [] }, { profiles: { 'a/b': {} } }, { profiles: { a: 1 } }, { profiles: { a: { server: ['x'] } } }, { profiles: { a: { mode: 'x' } } },
    { profiles: { a: { servers: 'x' } } }, { profiles: { a: { tools: ['[x]'] } } },
    { servers: { 'a:b': { command: 'x' } } }, { servers: { '': { command: 'x' } } },
    one({}), one('x'), one({ command: 1 }), one({ command: '' }), one({ command: 'x', args: 'y' }), one({ command: 'x', args: [1] }), one({ command: 'x', env: { A: true } }),
    one({ type: 'ws', url: 'https://x' }), one({ url: 'ftp://x' }), one({ command: 'x', enabled: 1 }), one({ command: 'x', idleStopMinutes: -1 }), one({ command: 'x', other: 1 }),
    one({ command: 'x', tools: { allow: ['[a]'] } }), one({ command: 'x', tools: { allow: [''] } }), one({ command: 'x', tools: { alias: { a: 'b c' } } }), one({ command: 'x', tools: { overrides: { a: { tier: 'x' } } } }),
    one({ command: 'x', limits: { perMinute: 1.5 } }), one({ command: 'x', cache: { seconds: '1' } }), one({ command: 'x', output: { limit: 1 } }), one({ command: 'x', oauth: { scopes: 's' } }),
    one({ url: 'https://x', oauth: { other: 1 } }), one({ url: 'https://x', oauth: { redirectPort: 80 } }), one({ url: 'https://x', oauth: { enterprise: { clientId: 'x' } } }), one({ url: 'https://x', oauth: { pkce: 'none' } }),
  ];
  it('on what is right', () => {
    for (const content of accepted) assert.deepEqual([fits(content), parses(content)], [true, true], JSON.stringify(content));
  });
  it('on what is wrong', () => {
    for (const content of refused) assert.deepEqual([fits(content), parses(content)], [false, false], JSON.stringify(content));
  });
});
