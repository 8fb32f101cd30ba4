import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { GatewaySnapshot } from '../../src/proxy/api.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { Decisions } from '../../src/views/decisions.ts';
import { readTarget, readTargets, type Target } from '../../src/views/target.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

const a = tool('a');
const b = tool('b', { status: 'changed', approvedRaw: '{}' });
const server = upstream({ tools: [a, b, tool('c', { status: 'approved' }), tool('d', { status: 'blocked' })] });
const target = (name: string, digest: string): Target => ({ server: 'files', definition: { kind: 'tool', name, digest } });

let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let opened: Target[];
let trusted: boolean;
let decisions: Decisions;

beforeEach(() => {
  gateway = new FakeGateway(snapshot([server]));
  dialogs = new ScriptedDialogs();
  opened = [];
  trusted = true;
  decisions = new Decisions({
    gateway: () => Promise.resolve(gateway),
    trusted: () => trusted,
    dialogs,
    openReview: (shown) => {
      opened.push(shown);
      return Promise.resolve();
    },
  });
});

const withState = (state: GatewaySnapshot): void => {
  gateway.state = state;
};

// A command approves nothing by itself: it asks, about what is pending now (security U12).
describe('approving definitions', () => {
  it('asks in a modal that shows the definition, and approves it at the digest that was shown', async () => {
    await decisions.approve([target('a', a.digest)], 'selected');
    const [question] = dialogs.confirmations;
    assert.match(question?.message ?? '', /Approve “a” of “files”/);
    assert.match(question?.detail ?? '', /Does a\./);
    assert.match(question?.detail ?? '', new RegExp(a.digest.replaceAll(/[+/]/g, '\\$&')));
    assert.deepEqual(gateway.decided, [['approve', 'files:a']]);
  });

  it('makes another look the default, not the approval', async () => {
    dialogs.yes = false;
    await decisions.approve([target('a', a.digest)], 'selected');
    const [instead] = dialogs.defaults;
    assert.equal(instead?.label, 'Review First');
    await instead.run();
    assert.deepEqual(opened.map(({ definition }) => definition?.name), ['a']);
    assert.deepEqual(gateway.decided, []);
  });

  it('approves nothing when the answer is no', async () => {
    dialogs.yes = false;
    await decisions.approve([target('a', a.digest)], 'selected');
    await decisions.approve([{ server: 'files' }], 'all');
    assert.equal(dialogs.confirmations.length, 2);
    assert.deepEqual(gateway.decided, []);
  });

  it('refuses a digest that is not the present one, without a question', async () => {
    await decisions.approve([target('a', b.digest)], 'selected');
    assert.deepEqual(dialogs.confirmations, []);
    assert.match(dialogs.failed[0]?.message ?? '', /changed since/);
    assert.deepEqual(gateway.decided, []);
  });

  it('refuses everything when one of several is stale', async () => {
    await decisions.approve([target('a', a.digest), target('b', 'sha256-old')], 'selected');
    assert.deepEqual(gateway.decided, []);
  });

  it('says so when it changes between question and answer, and offers another look', async () => {
    gateway.refusal = new VestibuleError('stale-decision', '"a" changed after it was shown.', { action: 'x' });
    await decisions.approve([target('a', a.digest)], 'selected');
    assert.deepEqual(dialogs.failed, [{ message: '"a" changed after it was shown.', action: 'Nothing was decided; read it again.' }]);
  });

  it('lets other failures through to whoever ran the command', async () => {
    gateway.refusal = new Error('disk full');
    await assert.rejects(decisions.approve([target('a', a.digest)], 'selected'), /disk full/);
  });

  it('lets a person pick when only a server was named', async () => {
    dialogs.choose = ['“b”'];
    await decisions.approve([{ server: 'files' }], 'selected');
    assert.deepEqual(dialogs.picks.map(({ labels }) => labels), [['“a”', '“b”']]);
    assert.deepEqual(gateway.decided, [['approve', 'files:b']]);
  });

  it('approves all that waits of a server after a question that names all of it', async () => {
    await decisions.approve([{ server: 'files' }], 'all');
    assert.match(dialogs.confirmations[0]?.detail ?? '', /“a” \(new, writes\)\n“b” \(changed, writes\)/);
    assert.deepEqual(gateway.decided, [['approve', 'files:a files:b']]);
  });

  it('opens the review behind the question when the question cannot hold everything', async () => {
    const tools = Array.from({ length: 40 }, (_, index) => tool(`t${index}`));
    withState(snapshot([upstream({ tools })]));
    await decisions.approve([{ server: 'files' }], 'all');
    assert.deepEqual(opened, [{ server: 'files' }]);
    assert.match(dialogs.confirmations[0]?.detail ?? '', /and 15 more/);
    const long = tool('long', { description: 'x'.repeat(5000) });
    withState(snapshot([upstream({ tools: [long] })]));
    await decisions.approve([target('long', long.digest)], 'selected');
    assert.equal(opened.length, 2);
  });

  it('takes a block back, and does not ask about what is approved', async () => {
    const [, , c, d] = server.tools;
    await decisions.approve([target('d', d?.digest ?? '')], 'selected');
    assert.deepEqual(gateway.decided, [['approve', 'files:d']]);
    await decisions.approve([target('c', c?.digest ?? '')], 'selected');
    assert.equal(dialogs.confirmations.length, 1);
  });

  it('finds the one server that waits by itself, and asks between several', async () => {
    await decisions.approve([], 'all');
    assert.deepEqual(gateway.decided, [['approve', 'files:a files:b']]);
    withState(snapshot([server, upstream({ name: 'other', tools: [tool('z')] })]));
    dialogs.choose = ['other'];
    await decisions.approve([], 'all');
    assert.deepEqual(gateway.decided.at(-1), ['approve', 'other:z']);
    withState(snapshot([]));
    await decisions.approve([], 'all');
    assert.deepEqual(dialogs.informed, ['Nothing waits for your review.']);
  });

  it('decides about several servers in one go, launches apart', async () => {
    const other = upstream({ name: 'other', tools: [tool('z')] });
    withState(snapshot([server, other, upstream({ name: 'new', launch: { approved: false } })]));
    dialogs.choose = ['files', 'other'];
    await decisions.approve([], 'all');
    assert.deepEqual(dialogs.picks.flatMap(({ labels }) => labels).sort(), ['files', 'new', 'other']);
    assert.equal(dialogs.confirmations.length, 1);
    assert.equal(dialogs.confirmations[0]?.message, 'Approve 3 definitions of 2 servers?');
    assert.match(dialogs.confirmations[0].detail, /files: “a” \(new, writes\)\nfiles: “b” \(changed, writes\)\nother: “z”/);
    assert.deepEqual(gateway.decided, [['approve', 'files:a files:b other:z']]);
    await dialogs.defaults[0]?.run();
    assert.deepEqual(opened.map((one) => one.server), ['files', 'other'], 'each in a document of its own');
    dialogs.choose = ['new', 'other'];
    await decisions.approve([], 'all');
    assert.deepEqual(gateway.decided.slice(1).map(([action]) => action), ['launch', 'approve'], 'a launch is a question of its own');
  });

  it('knows no server that is not there', async () => {
    await decisions.approve([{ server: '[x](command:y)' }], 'all');
    assert.match(dialogs.failed[0]?.message ?? '', /no server named/);
  });
});

describe('approving a launch', () => {
  const held = upstream({ launch: { approved: false, argv: ['sh', '-c', 'touch /tmp/x'] }, tools: [a] });

  it('shows the exact command line, and approves that fingerprint', async () => {
    withState(snapshot([held]));
    await decisions.approve([{ server: 'files' }], 'all');
    assert.match(dialogs.confirmations[0]?.detail ?? '', /sh -c "touch \/tmp\/x"/);
    assert.deepEqual(gateway.decided, [['launch', `files ${held.launch.fingerprint}`]]);
  });

  it('never approves its tools along with it', async () => {
    withState(snapshot([held]));
    await decisions.approve([target('a', a.digest)], 'selected');
    assert.deepEqual(gateway.decided.map(([action]) => action), ['launch']);
  });

  it('is refused for a launch that is not the one that was shown', async () => {
    withState(snapshot([held]));
    await decisions.approve([{ server: 'files', launch: 'sha256-other' }], 'selected');
    assert.deepEqual([dialogs.confirmations.length, gateway.decided.length], [0, 0]);
  });

  it('does not turn into approving tools when the launch was approved meanwhile', async () => {
    await decisions.approve([{ server: 'files', launch: server.launch.fingerprint }], 'all');
    assert.deepEqual([dialogs.confirmations.length, gateway.decided.length], [0, 0]);
    assert.match(dialogs.informed[0] ?? '', /approved already/);
  });

  it('keeps a long command line reachable as a whole', async () => {
    withState(snapshot([upstream({ launch: { approved: false, argv: ['sh', 'x'.repeat(20_000)] } })]));
    await decisions.approve([{ server: 'files' }], 'all');
    assert.deepEqual(opened, [{ server: 'files' }]);
    assert.match(dialogs.confirmations[0]?.detail ?? '', /20003 characters/);
  });

  it('is not possible for a workspace nobody trusts', async () => {
    trusted = false;
    withState(snapshot([upstream({ ...held, config: { origin: 'workspace' }, launch: { approved: false } })]));
    await decisions.approve([{ server: 'files' }], 'all');
    assert.deepEqual([dialogs.confirmations.length, gateway.decided.length], [0, 0]);
    assert.match(dialogs.failed[0]?.action ?? '', /Trust the workspace/);
  });
});

describe('blocking', () => {
  it('asks, then blocks what waits or was approved', async () => {
    const [, , c] = server.tools;
    await decisions.block([target('a', a.digest), target('c', c?.digest ?? '')], 'selected');
    assert.match(dialogs.confirmations[0]?.message ?? '', /Block 2 definitions/);
    assert.deepEqual(gateway.decided, [['block', 'files:a files:c']]);
  });

  it('explains that an unapproved launch needs no block', async () => {
    withState(snapshot([upstream({ launch: { approved: false } })]));
    await decisions.block([{ server: 'files' }], 'selected');
    assert.match(dialogs.failed[0]?.message ?? '', /Nothing of “files” runs/);
    assert.deepEqual(gateway.decided, []);
  });
});

describe('a command’s argument', () => {
  it('is read from tree items, code lenses and plain objects, and nothing else', () => {
    const full = target('a', a.digest);
    assert.deepEqual(readTarget(full), full);
    assert.deepEqual(readTarget({ id: 'row', target: full }), full);
    assert.deepEqual(readTarget({ server: 's', launch: 'sha256-x' }), { server: 's', launch: 'sha256-x' });
    for (const forged of [undefined, null, 'files', 7, {}, { server: 1 }, { server: 's', definition: { kind: 'spell', name: 'x', digest: 'y' } }, { server: 's', definition: 'a' }]) {
      assert.equal(readTarget(forged), undefined);
    }
  });

  it('is every selected item, or the one it was run on', () => {
    const [one, two] = [{ server: 'a' }, { server: 'b' }];
    assert.deepEqual(readTargets(one, [one, two]), [one, two]);
    assert.deepEqual(readTargets(one, undefined), [one]);
    assert.deepEqual(readTargets(undefined, undefined), []);
  });
});
