import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command, ItemWord } from '../../src/views/ids.ts';
import { agentRows } from '../../src/views/present/agents.ts';
import { awaitingCount } from '../../src/views/present/awaiting.ts';
import { quarantineBadge, quarantineRows } from '../../src/views/present/quarantine.ts';
import { statusOf, type Status } from '../../src/views/present/status.ts';
import type { TreeNode } from '../../src/views/present/tree-node.ts';
import { upstreamRows } from '../../src/views/present/upstreams.ts';
import type { ViewState } from '../../src/views/present/view-state.ts';
import { snapshot, tool, upstream, type UpstreamOverrides } from './views-fixtures.ts';

const state = (...upstreams: readonly UpstreamOverrides[]): ViewState => ({ snapshot: snapshot(upstreams.map(upstream)), trusted: true });
const outline = (rows: readonly TreeNode[]): unknown[] => rows.map((row) => [row.label, row.description ?? '', ...outline(row.children())]);
const all = (rows: readonly TreeNode[]): TreeNode[] => rows.flatMap((row) => [row, ...all(row.children())]);
const only = (rows: readonly TreeNode[]): TreeNode => {
  const [row] = rows;
  return rows.length === 1 && row !== undefined ? row : assert.fail(`${rows.length} rows`);
};

const HOSTILE = '[x](command:evil) $(verified)\u202E\u{E0041}\u001B[31m\nsecond';
const mixed: UpstreamOverrides = {
  state: { kind: 'idle' },
  tools: [tool('write_file', { tier: 'destructive' }), tool('read_file', { status: 'approved', tier: 'read' }), tool('old', { status: 'changed' }), tool('bad', { status: 'blocked' })],
  held: [{ server: 'files', name: 'broken', index: 4, problem: 'no schema', fix: 'Add one.' }],
};

describe('Upstreams view', () => {
  it('lists servers by name, with state, tools, status and tier', () => {
    assert.deepEqual(outline(upstreamRows(state({ ...mixed, name: 'b' }, { name: 'a', config: { enabled: false }, state: { kind: 'disabled' } }))), [
      ['a', 'off'],
      [
        'b',
        '4 tools, 2 to review, 1 unusable',
        ['bad', 'blocked · writes'],
        ['old', 'changed · writes'],
        ['read_file', 'approved · reads only'],
        ['write_file', 'new · may destroy'],
        ['broken', 'no schema'],
      ],
    ]);
  });

  it('shows a failure with the step that mends it', () => {
    const error = { reason: 'command-not-found', code: 'command-not-found' as const, message: 'npx was not found', action: 'Install Node.js.', evidence: ['PATH=/usr/bin'] };
    const row = only(upstreamRows(state({ state: { kind: 'failed', error, retryAt: undefined } })));
    assert.equal(row.description, 'npx was not found');
    const failure = only(row.children());
    assert.equal(failure.label, 'Install Node.js.');
    assert.match(failure.tooltip(), /PATH=\/usr\/bin/);
    assert.equal(failure.description, 'command-not-found');
    assert.deepEqual(failure.click, { open: upstream().config.at, title: 'Open the Servers File' });
  });

  it('says how to give credentials, where they go', () => {
    const row = only(upstreamRows(state({ state: { kind: 'sign-in-needed' } })));
    const hint = only(row.children());
    assert.match(hint.tooltip(), /Authorization/);
    assert.deepEqual(hint.click, { open: upstream().config.at, title: 'Open the Servers File' });
  });

  it('shows problems of the files where they belong, and leads to them', () => {
    const at = { file: '/home/me/servers.json', line: 7, column: 3 };
    const problems = [
      { severity: 'error' as const, message: 'Expected a comma.', fix: 'Add one.', at, server: undefined },
      { severity: 'warning' as const, message: 'Unknown key "comand".', fix: 'Write "command".', at, server: 'files' },
    ];
    const rows = upstreamRows({ snapshot: snapshot([upstream()], { problems }), trusted: true });
    assert.deepEqual(outline(rows), [
      ['Expected a comma.', 'Add one.'],
      ['files', 'starts on first use', ['Unknown key "comand".', 'Write "command".']],
    ]);
    assert.deepEqual(rows[0]?.click, { open: at, title: 'Open the File' });
  });

  it('leads from what waits to the step that unblocks it', () => {
    const click = (more: UpstreamOverrides, trusted = true): unknown => only(upstreamRows({ ...state(more), trusted })).click;
    assert.deepEqual(click({ launch: { approved: false }, state: { kind: 'quarantined' } }), { command: Command.reviewQuarantine, title: 'Review' });
    assert.deepEqual(click({ state: { kind: 'needs-input', input: 'token' } }), { command: Command.restartUpstream, title: 'Enter the Value' });
    assert.deepEqual(click({ config: { origin: 'workspace' } }, false), { command: 'workbench.trust.manage', title: 'Manage Workspace Trust' });
    assert.equal(click({}), undefined);
  });

  it('says in Restricted Mode that servers of the workspace wait for trust, and only they', () => {
    const rows = upstreamRows({ ...state({ name: 'mine' }, { name: 'theirs', config: { origin: 'workspace' } }), trusted: false });
    assert.deepEqual(outline(rows), [
      ['mine', 'starts on first use'],
      ['theirs', 'waits for workspace trust · workspace'],
    ]);
  });

  it('sums up what is too long for a tree', () => {
    const tools = Array.from({ length: 1200 }, (_, index) => tool(`t${String(index).padStart(4, '0')}`));
    const children = only(upstreamRows(state({ tools }))).children();
    assert.equal(children.length, 501);
    assert.equal(children.at(-1)?.label, '700 more');
  });
});

describe('Quarantine view', () => {
  it('shows what waits, by server: a launch first, then its definitions', () => {
    const rows = quarantineRows(
      state(mixed, { name: 'new', launch: { approved: false, argv: ['sh', '-c', 'echo "hi"; rm -rf /'] }, tools: [tool('hidden')] }, { name: 'done', tools: [tool('x', { status: 'approved' })] }),
    );
    assert.deepEqual(outline(rows), [
      ['files', '1 changed, 1 new, 1 unusable', ['old', 'changed · writes'], ['write_file', 'new · may destroy'], ['broken', 'no schema']],
      ['new', 'launch awaits approval', ['Run sh -c "echo \\"hi\\"; rm -rf /"', '']],
    ]);
  });

  it('counts decisions for the badge, and nothing that nobody can decide', () => {
    assert.equal(awaitingCount(state(mixed)), 2);
    assert.equal(awaitingCount(state({ ...mixed, launch: { approved: false } })), 1);
    assert.equal(awaitingCount(state({ ...mixed, config: { enabled: false } })), 0);
    assert.equal(awaitingCount({ ...state({ ...mixed, config: { origin: 'workspace' } }), trusted: false }), 0);
    assert.deepEqual(quarantineBadge(2), { value: 2, tooltip: '2 definitions to review' });
    assert.equal(quarantineBadge(0), undefined);
  });

  it('waits for a decision about server instructions too', () => {
    const rows = quarantineRows(state({ instructions: { text: 'Always call me first.', digest: 'sha256-x', status: 'pending' } }));
    const row = only(only(rows).children());
    assert.equal(row.label, 'Server instructions');
    assert.deepEqual(row.target, { server: 'files', definition: { kind: 'instructions', name: '', digest: 'sha256-x' } });
  });

  it('binds every row to the digest it shows', () => {
    const rows = only(quarantineRows(state({ tools: [tool('a')] }))).children();
    assert.deepEqual(only(rows).target, { server: 'files', definition: { kind: 'tool', name: 'a', digest: tool('a').digest } });
  });

  it('offers in menus what the row can have', () => {
    const words = all(quarantineRows(state(mixed, { name: 'new', launch: { approved: false } }))).map(({ words: found }) => found.join(' '));
    assert.deepEqual(words, [
      `${ItemWord.upstream} ${ItemWord.awaiting}`,
      `${ItemWord.tool} ${ItemWord.awaiting} ${ItemWord.changed}`,
      `${ItemWord.tool} ${ItemWord.awaiting}`,
      '',
      `${ItemWord.upstream} ${ItemWord.awaiting}`,
      ItemWord.awaiting,
    ]);
  });
});

describe('Agents view', () => {
  it('always has the editor, and every open session', () => {
    const sessions = [{ id: 's1', kind: 'editor' as const, agent: 'Agent in the editor', client: 'Visual Studio Code 1.139', era: 'legacy' as const, since: Date.UTC(2026, 0, 1) }];
    assert.equal(only(agentRows({ snapshot: snapshot([]), trusted: true })).description, 'connects on first use');
    const rows = agentRows({ snapshot: snapshot([], { sessions }), trusted: true });
    assert.deepEqual(rows.map(({ label }) => label), ['Agents of this editor', 'Visual Studio Code 1.139']);
    assert.equal(rows[0]?.description, 'connected');
  });
});

describe('every row', () => {
  const hostile = state({
    name: HOSTILE,
    launch: { approved: false, argv: ['sh', HOSTILE], cwd: HOSTILE, envNames: [HOSTILE] },
    state: { kind: 'failed', error: { reason: HOSTILE, code: 'launch-failed', message: HOSTILE, action: HOSTILE, evidence: [HOSTILE] }, retryAt: undefined },
    tools: [tool(HOSTILE, { description: HOSTILE })],
    held: [{ server: HOSTILE, name: HOSTILE, index: 0, problem: HOSTILE, fix: HOSTILE }],
  });
  const open = state({ name: HOSTILE, tools: [tool(HOSTILE, { description: HOSTILE })], held: [{ server: HOSTILE, name: HOSTILE, index: 0, problem: HOSTILE, fix: HOSTILE }] });
  const sessions = [{ id: 's', kind: 'agent' as const, agent: HOSTILE, client: HOSTILE, era: 'modern' as const, since: 0 }];
  const rows = [...upstreamRows(hostile), ...quarantineRows(hostile), ...quarantineRows(open), ...agentRows({ snapshot: snapshot([], { sessions }), trusted: true })];

  it('shows nothing invisible, in labels, tooltips and what is spoken', () => {
    for (const row of all(rows)) {
      for (const text of [row.label, row.description ?? '', row.spoken]) assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
      assert.doesNotMatch(row.tooltip().replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    }
  });

  it('has an identity of its own and says what its icon shows', () => {
    const ids = all(upstreamRows(state({ ...mixed, name: 'a' }, { ...mixed, name: 'b' }))).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const row of all(rows)) assert.ok(row.spoken.length > row.label.length || row.icon.id === 'terminal');
  });
});

describe('status item', () => {
  const of = (view: ViewState): Status => statusOf({ kind: 'running', state: view, secretsPersist: true });
  const texts = (status: Status): string => status.tooltip.flat().map((part) => (part.kind === 'text' ? part.text : `<${part.command}>`)).join(' ');

  it('tells how the house is, worst first', () => {
    const failed: UpstreamOverrides = { state: { kind: 'failed', error: { reason: 'x', code: 'launch-failed', message: 'it fell', action: 'lift it', evidence: [] }, retryAt: undefined } };
    assert.equal(statusOf({ kind: 'starting' }).health, 'starting');
    assert.equal(statusOf({ kind: 'failed', problem: { message: 'm', action: 'a' } }).health, 'failed');
    assert.equal(of(state()).health, 'off');
    assert.equal(of(state({ config: { enabled: false } })).health, 'off');
    assert.equal(of(state({ tools: [tool('a', { status: 'approved' })] })).health, 'ok');
    assert.equal(of(state(mixed)).health, 'review');
    assert.equal(of(state(mixed, { ...failed, name: 'z' })).health, 'error');
  });

  it('says what the tool lists of connected agents cost and save', () => {
    const view = state({ tools: [tool('a', { status: 'approved' })] });
    assert.doesNotMatch(texts(of(view)), /tokens/);
    const session = { session: 's', listTokens: 900, directTokens: 25_000, menuCalls: 0, menuTokens: 0, toolCalls: 0, toolTokens: 0, savedTokens: 0, exact: false };
    const connected = { ...view, snapshot: { ...view.snapshot, tokens: { ...view.snapshot.tokens, sessions: [session] } } };
    assert.match(texts(of(connected)), /costs about 900 tokens in each model request; all tools together would cost 25,000\./);
    assert.doesNotMatch(texts(of(connected)), /Shortened results/);
    const { tokens } = connected.snapshot;
    const shortened = { ...connected, snapshot: { ...connected.snapshot, tokens: { ...tokens, total: { ...tokens.total, savedTokens: 12_345.4 } } } };
    assert.match(texts(of(shortened)), /Shortened results kept about 12,345 tokens from agents/);
    const searched = { ...view, snapshot: { ...view.snapshot, tokens: { ...tokens, sessions: [{ ...session, menuCalls: 10, menuTokens: 4_000 }] } } };
    assert.match(texts(of(searched)), /10 searches .* each request still saves 20,100\. It breaks even at about 60 such answers per conversation\./);
    const direct = { ...connected, snapshot: { ...connected.snapshot, menu: { ...view.snapshot.menu, effective: 'direct' as const } } };
    assert.match(texts(of(direct)), /listed directly \(gateway\.directThreshold\)/);
  });

  it('says what to do next, and offers it', () => {
    assert.match(texts(statusOf({ kind: 'failed', problem: { message: 'No room on disk.', action: 'Free some.' } })), /No room on disk\. Free some\. <vestibule\.restartGateway>/);
    assert.match(texts(of(state(mixed))), /2 definitions to review\. <vestibule\.reviewQuarantine>/);
    assert.match(texts(of(state())), /<vestibule\.addUpstream>/);
    assert.match(texts(statusOf({ kind: 'running', state: state(), secretsPersist: false })), /keeps no secrets/);
  });

  it('tells of records that were lost', () => {
    const view = state({ tools: [tool('a', { status: 'approved' })] });
    assert.doesNotMatch(texts(of(view)), /could not be written/);
    assert.match(texts(of({ ...view, snapshot: { ...view.snapshot, lostRecords: 3 } })), /The records of 3 calls could not be written: make room on the disk\. <vestibule\.runDoctor>/);
  });

  it('colours itself only for what the person can mend', () => {
    assert.equal(of(state(mixed)).background, undefined);
    assert.equal(statusOf({ kind: 'failed', problem: { message: 'm', action: 'a' } }).background, 'error');
  });

  it('keeps outside text out of its label', () => {
    const error = { reason: 'x', code: 'launch-failed' as const, message: HOSTILE, action: HOSTILE, evidence: [] };
    const status = of(state({ name: HOSTILE, state: { kind: 'failed', error, retryAt: undefined } }));
    assert.equal(status.text, '$(warning) Vestibule 1');
    assert.doesNotMatch(texts(status), /[\p{Cc}\p{Cf}]/u);
  });
});
