import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigSnapshot } from '../../src/proxy/config/types.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import type { GatewayOptions } from '../../src/proxy/options.ts';
import { createVariableScope } from '../../src/proxy/variable-scope.ts';

/** A scope over one user server (`mine`) and one of a workspace (`theirs`) that both use the input `token`. */
function scopeOver(answers: readonly (string | undefined)[], stored = new Map<string, string>()) {
  const asked: string[] = [];
  const secretsSeen: string[] = [];
  const options = {
    workspaceFolder: '/work/shop',
    secrets: {
      persistent: true,
      get: (key: string) => Promise.resolve(stored.get(key)),
      set: (key: string, value: string) => Promise.resolve(void stored.set(key, value)),
      delete: (key: string) => Promise.resolve(void stored.delete(key)),
    },
    askInput: (_input: unknown, server: string) => {
      asked.push(server);
      return Promise.resolve(answers[asked.length - 1]);
    },
  } as unknown as GatewayOptions;
  const config = {
    upstreams: [
      { name: 'mine', origin: 'user' },
      { name: 'theirs', origin: 'workspace' },
    ],
    inputs: new Map([['token', { id: 'token', type: 'promptString', password: true, description: undefined, default: undefined, options: [] }]]),
  } as unknown as ConfigSnapshot;
  return { scope: createVariableScope(options, () => config, (value) => secretsSeen.push(value)), asked, secretsSeen, stored };
}

describe('variables', () => {
  it('ask for an input once and keep it', async () => {
    const { scope, asked } = scopeOver(['s3cret']);
    assert.equal(await scope.input('token', 'mine'), 's3cret');
    assert.equal(await scope.input('token', 'mine'), 's3cret');
    assert.deepEqual(asked, ['mine']);
  });

  it("never hand a value given for one's own servers file to a workspace that names the same input", async () => {
    const { scope, asked } = scopeOver(['for mine', 'for theirs']);
    assert.equal(await scope.input('token', 'mine'), 'for mine');
    assert.equal(await scope.input('token', 'theirs'), 'for theirs');
    assert.equal(await scope.input('token', 'mine'), 'for mine');
    assert.deepEqual(asked, ['mine', 'theirs']);
  });

  it('make every secret value known for redaction before it is used', async () => {
    const { scope, secretsSeen } = scopeOver(['typed unseen'], new Map([['secret/api', 'stored one']]));
    await scope.input('token', 'mine');
    await scope.secret('api', 'mine');
    assert.deepEqual(secretsSeen, ['typed unseen', 'stored one']);
  });

  it('say what is missing', async () => {
    const { scope } = scopeOver([undefined]);
    await assert.rejects(scope.input('token', 'mine'), (error) => VestibuleError.is(error, 'missing-input') && error.message.includes('"token"'));
    await assert.rejects(scope.secret('none', 'mine'), (error) => VestibuleError.is(error, 'missing-input'));
  });
});
