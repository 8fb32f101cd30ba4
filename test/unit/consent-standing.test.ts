import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeConsents, encodeConsents } from '../../src/proxy/consent/consents-format.ts';
import { decidedFor, MAX_STANDING, withConsent, withoutConsents } from '../../src/proxy/consent/standing.ts';
import type { StandingConsent } from '../../src/proxy/consent/types.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';

const A = sha256('a');
const B = sha256('b');
const base = { server: 's', at: 1 };
const tool = (digest = A, principal = 'p'): StandingConsent => ({ kind: 'tool', ...base, tool: 't', principal, digest });
const given = (args: typeof A, digest = A): StandingConsent => ({ kind: 'arguments', ...base, tool: 't', principal: 'p', digest, arguments: args });
const never: StandingConsent = { kind: 'never', ...base, tool: 't', principal: 'p' };
const askTool: StandingConsent = { kind: 'ask', ...base, tool: 't' };
const askServer: StandingConsent = { kind: 'ask', ...base };
const call = { principal: 'p', server: 's', tool: 't', digest: A, arguments: A, session: A, now: 5 };
const kept = (...consents: StandingConsent[]): readonly StandingConsent[] => consents.reduce(withConsent, []);

describe('standing consents', () => {
  it('are bound to principal, digest and arguments', () => {
    assert.equal(decidedFor(kept(tool()), call), 'tool');
    assert.equal(decidedFor(kept(tool()), { ...call, principal: 'q' }), undefined);
    assert.equal(decidedFor(kept(tool()), { ...call, digest: B }), undefined);
    assert.equal(decidedFor(kept(tool()), { ...call, tool: 'u' }), undefined);
    assert.equal(decidedFor(kept(tool()), { ...call, server: 'r' }), undefined);
    assert.equal(decidedFor(kept(given(A)), call), 'arguments');
    assert.equal(decidedFor(kept(given(A)), { ...call, arguments: B }), undefined);
    assert.equal(decidedFor(kept(given(A)), { ...call, arguments: undefined }), undefined);
  });

  it('let a refusal outlive a change of the definition, unlike a consent', () => {
    assert.equal(decidedFor(kept(never), { ...call, digest: B }), 'never');
    assert.deepEqual(kept(tool(A), tool(B)), [tool(B)]);
    assert.deepEqual(kept(given(A, A), tool(B)), [tool(B)]);
  });

  it('replace what they contradict', () => {
    assert.deepEqual(kept(tool(), given(B), never), [never]);
    assert.deepEqual(kept(never, tool()), [tool()]);
    assert.deepEqual(kept(tool(), askTool), [askTool]);
    assert.deepEqual(kept(askTool, tool()), [tool()]);
    assert.deepEqual(kept(tool(A, 'q'), never), [tool(A, 'q'), never], 'of another principal stay');
    assert.deepEqual(kept(tool(), askServer), [askServer]);
    assert.equal(decidedFor(kept(askServer, tool()), call), 'tool', 'a later consent stands beside the wish for the server');
    assert.equal(decidedFor(kept(askServer, tool()), { ...call, tool: 'u' }), 'ask');
    assert.equal(decidedFor(kept(never, askServer), call), 'never');
  });

  it('can be revoked one by one', () => {
    const all = kept(askServer, given(A), given(B));
    assert.deepEqual(withoutConsents(all, [given(A)]), [askServer, given(B)]);
    assert.equal(withoutConsents(all, [never]), all);
  });

  it('are bounded; refusals go last', () => {
    const other = (i: number): StandingConsent => ({ kind: 'tool', ...base, tool: `x${i}`, principal: 'p', digest: A });
    let all: readonly StandingConsent[] = [never, ...Array.from({ length: MAX_STANDING - 1 }, (_, i) => other(i))];
    for (let i = 0; i < 3; i++) all = withConsent(all, other(MAX_STANDING + i));
    assert.equal(all.length, MAX_STANDING);
    assert.equal(decidedFor(all, call), 'never');
    assert.equal(decidedFor(all, { ...call, tool: 'x2' }), undefined);
    assert.equal(decidedFor(all, { ...call, tool: 'x3' }), 'tool');
  });

  it('are read back from their file as they were written; anything else is refused', () => {
    const all = [tool(), given(B), never, askTool, askServer];
    assert.deepEqual(decodeConsents(JSON.parse(JSON.stringify(encodeConsents(all)))), all);
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.constantFrom('kind', 'server', 'at', 'digest', 'arguments', 'principal'), (consent, key) => {
        if (!(key in consent)) return;
        assert.throws(() => decodeConsents({ consents: [{ ...consent, [key]: {} }] }), /expected/);
      }),
    );
  });
});
