import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { GatewaySnapshot, LockSnapshot } from '../../src/proxy/api.ts';
import { Emitter } from '../../src/proxy/events.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import { SECRET_KEYS } from '../../src/proxy/variable-scope.ts';
import type { Choice } from '../../src/views/dialogs.ts';
import { setUpWorkspace, type SetUpContext } from '../../src/views/set-up-workspace.ts';
import { workspaceNotice } from '../../src/views/present/workspace-notice.ts';
import { noticeWorkspace } from '../../src/views/workspace-notice.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

const workspace = { origin: 'workspace' as const };
const lock: LockSnapshot = {
  standing: 'waiting',
  path: '/w/.vscode/vestibule.lock.json',
  digest: sha256('content'),
  text: 'now',
  asks: true,
  servers: [{ server: 'team', launch: 'same', tools: ['read', 'write'], instructions: false, fingerprint: sha256('launch'), differences: undefined }],
};
const FILE = JSON.stringify({
  servers: { team: { type: 'http', url: 'https://team.example/mcp', headers: { Authorization: 'Bearer ${input:token}' } }, off: { command: 'x', args: ['${input:other}'], enabled: false } },
  inputs: [{ id: 'token', type: 'promptString', description: 'Your token', password: true }, { id: 'other', type: 'promptString' }],
});

let gateway: FakeGateway;
let dialogs: ScriptedDialogs;
let trusted: boolean;
let done: string[];
let stored: Map<string, string>;
let resumed: (() => void) | undefined;
/** Rows of each list that was shown, and the label to pick of each. */
let lists: (readonly string[])[];
let picks: (string | undefined)[];

beforeEach(() => {
  gateway = new FakeGateway(snapshot([upstream({ name: 'team', config: workspace, launch: { approved: false } })], { lock }));
  dialogs = new ScriptedDialogs();
  trusted = true;
  done = [];
  stored = new Map();
  resumed = undefined;
  lists = [];
  picks = [];
  dialogs.pick = <T>(_title: string, choices: readonly Choice<T>[]): Promise<T | undefined> => {
    lists.push(choices.map(({ label, description = '' }) => `${label} · ${description}`));
    const wanted = picks.shift();
    return Promise.resolve(choices.find(({ label }) => label === wanted)?.value);
  };
});

function setUp(): Promise<void> {
  const context: SetUpContext = {
    gateway: () => Promise.resolve(gateway),
    dialogs,
    trusted: () => trusted,
    folder: () => '/w',
    serversFile: () => Promise.resolve(FILE),
    secrets: Promise.resolve({ get: (key: string) => Promise.resolve(stored.get(key)), set: (key: string, value: string) => Promise.resolve(void stored.set(key, value)) }),
    askInput: ({ id }, server) => Promise.resolve(`${id} of ${server}`),
    trust: () => Promise.resolve(void done.push('trust')),
    resume: (run) => (resumed = run),
    reviewLockFile: () => {
      done.push('lock');
      gateway.state = snapshot([upstream({ name: 'team', config: workspace, tools: [tool('read', { status: 'approved' })] })], { lock: { ...lock, asks: false, standing: 'accepted' } });
      return Promise.resolve();
    },
    approveLaunch: (server, fingerprint) => Promise.resolve(void done.push(`launch ${server} ${fingerprint}`)),
    review: (server) => Promise.resolve(void done.push(`review ${server}`)),
  };
  return setUpWorkspace(context);
}

describe('setting a workspace up', () => {
  it('asks for trust first, shows nothing else before, and goes on once it is given', async () => {
    trusted = false;
    picks = ['Trust this folder'];
    await setUp();
    assert.deepEqual([lists, done], [[['Trust this folder · to do']], ['trust']]);
    trusted = true;
    resumed?.();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(lists.length, 2);
  });

  it('leads through values, approvals of the team and launches, until nothing is left', async () => {
    picks = ['Give “team” its value: token', 'Review what your team approved'];
    await setUp();
    assert.deepEqual(lists, [
      ['Give “team” its value: token · to do', 'Review what your team approved · to do', 'Let “team” start · to do', 'Trust this folder · done'],
      ['Review what your team approved · to do', 'Let “team” start · to do', 'Trust this folder · done', 'Give “team” its value: token · done'],
    ]);
    assert.equal(stored.get(SECRET_KEYS.input('token', '/w')), 'token of team');
    assert.deepEqual(dialogs.informed, ['Everything this workspace brings is set up.']);
  });

  it('asks for the values of a server before it may start, which would ask in front of the list', async () => {
    picks = ['Let “team” start'];
    await setUp();
    assert.equal(stored.size, 1);
    assert.deepEqual(done, [`launch team ${gateway.state.upstreams[0]?.launch.fingerprint ?? ''}`]);
  });

  it('opens what waits for a review, and gets out of its way', async () => {
    gateway.state = snapshot([upstream({ name: 'team', config: workspace, tools: [tool('read')] })]);
    picks = ['Review “team”'];
    await setUp();
    assert.deepEqual([done, lists.length], [['review team'], 1]);
  });

  it('has servers that wait for a value try again', async () => {
    gateway.state = snapshot([upstream({ name: 'team', config: workspace, state: { kind: 'needs-input', input: 'token' } })]);
    picks = ['Give “team” its value: token'];
    const restarted: string[] = [];
    gateway.restart = (...names: readonly string[]) => Promise.resolve(void restarted.push(...names));
    await setUp();
    assert.deepEqual(restarted, ['team']);
  });

  it('says so where a folder brings nothing', async () => {
    gateway.state = snapshot([upstream()]);
    await setUp();
    assert.match(dialogs.informed[0] ?? '', /brings no servers/);
  });
});

describe('the notice of what a workspace brings', () => {
  const own = upstream({ name: 'own' });
  const brought = upstream({ name: 'team', config: workspace, launch: { approved: false } });
  let memento: Map<string, unknown>;
  let changed: Emitter<void>;
  let current: GatewaySnapshot;

  beforeEach(() => {
    memento = new Map();
    changed = new Emitter<void>();
  });

  function notice(): { dispose(): void } {
    const host = { snapshot: () => current, onDidChange: changed.event, state: { kind: 'running', gateway } as const };
    return noticeWorkspace({ host, dialogs, memento: { get: (key) => memento.get(key), update: (key, value) => Promise.resolve(void memento.set(key, value)) }, setUp: () => done.push('set up'), say: workspaceNotice });
  }

  it('comes at the first open of a folder with servers, and not again', () => {
    current = snapshot([own, brought]);
    notice().dispose();
    notice().dispose();
    assert.deepEqual(dialogs.informed, ['This workspace brings 1 MCP server. Nothing of it runs before you say so.']);
    dialogs.offered[0]?.run();
    assert.deepEqual(done, ['set up']);
  });

  it('does not come for what a person adds, or decided about before', () => {
    current = snapshot([own]);
    const open = notice();
    current = snapshot([own, brought]);
    changed.fire();
    open.dispose();
    current = snapshot([brought, upstream({ name: 'second', config: workspace })]);
    notice().dispose();
    assert.deepEqual(dialogs.informed, []);
  });

  it('says nothing of a lock file that a person sees on the way it led them', () => {
    current = snapshot([brought]);
    const open = notice();
    dialogs.offered[0]?.run();
    current = snapshot([brought], { lock });
    changed.fire();
    current = snapshot([brought], { lock: { ...lock, digest: sha256('other') } });
    changed.fire();
    open.dispose();
    assert.equal(dialogs.informed.length, 2);
  });

  it('tells of shared approvals with it, and later once of each content that waits', () => {
    current = snapshot([brought], { lock });
    const open = notice();
    changed.fire();
    current = snapshot([brought], { lock: { ...lock, digest: sha256('other') } });
    changed.fire();
    current = snapshot([brought], { lock: { ...lock, asks: false, digest: sha256('mine') } });
    changed.fire();
    open.dispose();
    assert.equal(dialogs.informed.length, 2);
    assert.match(dialogs.informed[0] ?? '', /brings 1 MCP server and shares approvals of 2 tools/);
    assert.match(dialogs.informed[1] ?? '', /^This workspace shares approvals of 2 tools/);
  });
});
