import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { LockSnapshot } from '../../src/proxy/api.ts';
import { VestibuleError } from '../../src/proxy/errors.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { DecisionSummary } from '../../src/proxy/quarantine/types.ts';
import { reviewLockFile } from '../../src/views/lock-review.ts';
import { undoDecision } from '../../src/views/undo.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

const digest = sha256('content');
const launch = sha256('launch');
const workspace = { origin: 'workspace' as const };
const report = { instructions: false, fingerprint: launch, differences: undefined };
const lock: LockSnapshot = {
  standing: 'waiting',
  path: '/w/.vscode/vestibule.lock.json',
  digest,
  text: 'now',
  asks: true,
  servers: [
    { ...report, server: 'team', launch: 'same', tools: ['read', 'write'], differences: [{ kind: 'changed', tool: 'write' }, { kind: 'unlocked', tool: 'new' }] },
    { ...report, server: 'moved', launch: 'other', fingerprint: sha256('old'), tools: ['x'] },
    { ...report, server: 'own', launch: 'absent', fingerprint: sha256('absent'), tools: ['y'] },
  ],
};
const servers = [upstream({ name: 'team', config: workspace, tools: [tool('read')] }), upstream({ name: 'moved', config: workspace }), upstream({ name: 'own' })];

let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let previews: string[];
let compared: (readonly string[])[];

beforeEach(() => {
  gateway = new FakeGateway(snapshot(servers, { lock }));
  dialogs = new ScriptedDialogs();
  previews = [];
  compared = [];
});

function review(): Promise<void> {
  return reviewLockFile({
    gateway: () => Promise.resolve(gateway),
    dialogs,
    preview: (_title, text) => Promise.resolve(void previews.push(text)),
    compare: (_title, before, after) => Promise.resolve(void compared.push([before, after])),
  });
}

describe('reviewing a lock file', () => {
  it('shows everything it would approve and what differs, then accepts this content with the launches shown', async () => {
    await review();
    const [text = ''] = previews;
    for (const part of ['Runs npx files-mcp', 'Tool read', 'Tool write — another definition here', 'Not in the lock file, waits for you: new', 'Its launch is another', 'Not among the servers of this workspace']) assert.ok(text.includes(part), part);
    const [question] = dialogs.confirmations;
    assert.match(question?.detail ?? '', /Runs npx files-mcp/);
    assert.match(question?.detail ?? '', /1 definition differ/);
    assert.deepEqual(gateway.decided, [['accepted', `${digest} ${launch}`]]);
    assert.deepEqual(compared, []);
  });

  it('shows what changed since content that was accepted', async () => {
    gateway.lockText = 'before';
    await review();
    assert.deepEqual(compared, [['before', 'now']]);
  });

  it('decides nothing when dismissed, and declines when told so', async () => {
    dialogs.yes = false;
    await review();
    assert.deepEqual(gateway.decided, []);
    assert.equal(dialogs.defaults[0]?.label, 'Decline');
    await dialogs.defaults[0].run();
    assert.deepEqual(gateway.decided, [['declined', digest]]);
  });

  it('decides nothing about content that nobody was shown', async () => {
    gateway.refusal = new VestibuleError('stale-decision', 'The lock file has changed since it was shown.', { action: 'x' });
    await review();
    assert.match(dialogs.failed[0]?.message ?? '', /has changed/);
  });

  it('tells where a broken one is broken', async () => {
    const at = { file: lock.path ?? '', line: 2, column: 1 };
    gateway.state = snapshot(servers, { lock: { ...lock, standing: 'broken', digest: undefined, servers: [] }, problems: [{ severity: 'error', message: 'A merge conflict.', fix: 'Resolve it.', at, server: undefined }] });
    await review();
    assert.deepEqual(dialogs.failed.map(({ message, action }) => [message, action]), [['A merge conflict.', 'Resolve it.']]);
    assert.deepEqual(dialogs.confirmations, []);
  });
});

describe('undoing a decision', () => {
  const decision: DecisionSummary = { id: 'd1', action: 'approve', at: 0, by: 'person', refs: [{ server: 'files', kind: 'tool', name: 'read', digest }], server: undefined, digest: undefined };
  const undo = (one?: DecisionSummary): Promise<void> => undoDecision({ gateway: () => Promise.resolve(gateway), dialogs }, one);

  it('asks, naming what it was about, and undoes exactly that decision', async () => {
    await undo(decision);
    assert.match(dialogs.confirmations[0]?.detail ?? '', /files: read/);
    assert.deepEqual(gateway.decided, [['undo', 'd1']]);
  });

  it('takes the newest when none is named, and says when there is none', async () => {
    await undo();
    assert.match(dialogs.informed[0] ?? '', /no decision to undo/);
    gateway.state = snapshot([], { lastDecision: { ...decision, id: 'd2' } });
    await undo();
    assert.deepEqual(gateway.decided, [['undo', 'd2']]);
  });

  it('leaves what was decided again since', async () => {
    gateway.refusal = new VestibuleError('stale-decision', 'Decided again.', { action: 'x' });
    await undo(decision);
    assert.match(dialogs.failed[0]?.action ?? '', /Nothing was undone/);
    dialogs.yes = false;
    gateway.refusal = undefined;
    await undo(decision);
    assert.deepEqual(gateway.decided, []);
  });
});
