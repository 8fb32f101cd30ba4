import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogTool } from '../../src/proxy/catalog/types.ts';
import type { MenuMode } from '../../src/proxy/config/types.ts';
import type { AgentRequest, AgentSession } from '../../src/proxy/downstream/types.ts';
import type { Era, Principal } from '../../src/proxy/model.ts';
import { Announcer } from '../../src/proxy/relay/announcer.ts';
import { DefinitionTokens } from '../../src/proxy/relay/definition-tokens.ts';
import { MenuStates } from '../../src/proxy/relay/menu-states.ts';
import { MAX_PROMOTED, Promotions } from '../../src/proxy/relay/promotions.ts';
import { Relay, type RelayDeps } from '../../src/proxy/relay/relay.ts';
import { RELISTING_CLIENTS, relistsInTurn } from '../../src/proxy/relay/relisting-clients.ts';
import { tokenBalance } from '../../src/proxy/relay/token-balance.ts';
import { ToolLists } from '../../src/proxy/relay/tool-lists.ts';
import type { MenuTool } from '../../src/proxy/menu/types.ts';
import type { ServedTools } from '../../src/proxy/policy/served.ts';
import { throughProfile } from '../../src/proxy/policy/profiles.ts';
import { mayHearOf, mayUse } from '../../src/proxy/policy/grants.ts';
import { PRINCIPAL_FIXTURE, toolFixture } from '../fixtures/calls.ts';

const TOOLS = Array.from({ length: 40 }, (_, i) => toolFixture('s', `tool_${i}`, { description: 'd'.repeat(100) }));
const tool = (i: number): CatalogTool => TOOLS[i] ?? assert.fail();

function sessionOf(name = 'code-server', version = '1.139.1', era: Era = 'legacy'): AgentSession & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    id: `${name} ${version}`,
    era,
    principal: PRINCIPAL_FIXTURE,
    client: { name, version },
    clientInfo: JSON.stringify({ name, version }),
    protocolVersion: '2025-11-25',
    capabilities: '{}',
    notify: (method) => void told.push(method),
    congestion: () => undefined,
    request: () => Promise.reject(new Error('nobody asks here')),
  };
}

describe('promotions', () => {
  it('keep the tools used last, the best of one search first among them', () => {
    const promotions = new Promotions(() => true);
    const session = sessionOf();
    assert.equal(promotions.add(session, TOOLS), true);
    assert.deepEqual(new Set(promotions.of(session)), new Set(TOOLS.slice(0, MAX_PROMOTED)));
    promotions.add(session, [tool(30)]);
    const kept = promotions.of(session);
    assert.equal(kept.length, MAX_PROMOTED);
    assert.ok(!kept.includes(tool(MAX_PROMOTED - 1)), 'the worst of the first search left');
    promotions.used(session, tool(22).exposedName);
    promotions.add(session, [tool(31)]);
    assert.ok(promotions.of(session).includes(tool(22)));
    assert.ok(!promotions.of(session).includes(tool(21)));
  });

  it('say whether a list changed', () => {
    const promotions = new Promotions(() => true);
    const session = sessionOf();
    assert.equal(promotions.add(session, [tool(1), tool(2)]), true);
    assert.equal(promotions.add(session, [tool(2)]), false);
    assert.equal(promotions.add(session, []), false);
    assert.equal(promotions.add(session, [{ ...tool(2), raw: '{}' }]), true, 'the same id with another definition');
  });

  it('forget what is not live any more for good', () => {
    const served = new Set(TOOLS);
    const promotions = new Promotions((_, entry) => served.has(entry));
    const session = sessionOf();
    promotions.add(session, [tool(1), tool(2)]);
    served.delete(tool(1));
    assert.deepEqual(promotions.of(session), [tool(2)]);
    served.add(tool(1));
    assert.deepEqual(promotions.of(session), [tool(2)], 'it has to be found again');
  });

  it('belong to one session', () => {
    const promotions = new Promotions(() => true);
    const [one, two] = [sessionOf(), sessionOf()];
    promotions.add(one, [tool(1)]);
    assert.deepEqual(promotions.of(two), []);
  });
});

describe('clients that re-list in turn', () => {
  it('are known by name and version, in sessions only', () => {
    const known = (name: string, version: string, era: Era = 'legacy'): boolean => relistsInTurn(sessionOf(name, version, era));
    for (const { name, since, evidence } of RELISTING_CLIENTS) {
      const [major, minor] = since;
      assert.notEqual(evidence, '');
      assert.deepEqual(
        [known(name, `${major}.${minor}.0`), known(name, `${major}.${minor + 1}.0-insider`), known(name, `${major + 1}.0.0`), known(name, `${major}.${minor - 1}.9`), known(name, 'unknown'), known(name, `${major}.${minor}.0`, 'modern')],
        [true, true, true, false, false, false],
      );
    }
    assert.equal(known('code-server-fork', '1.139.1'), false);
  });
});

/** The search of a menu, as far as promotion sees it. */
const search: MenuTool = {
  name: 'retrieve_tools',
  definition: `{"name":"retrieve_tools","description":"${'x y '.repeat(100)}"}`,
  offered: () => true,
  run: (_, caller) => Promise.resolve({ result: JSON.stringify({ listed: caller.promote?.([tool(1), tool(2)]) }) }),
};

function relayOver(settings: { mode?: MenuMode; pinned?: string[] } = {}): Relay {
  const served = { version: 1, all: () => TOOLS, isServed: () => true } as unknown as ServedTools;
  const lists = new ToolLists({ served, menu: [search], noPrefix: false, settings: () => ({ mode: 'adaptive', pinned: [], directThreshold: undefined, ...settings }), offers: () => true });
  return new Relay({
    lists,
    content: { agents: { opened: () => undefined, closed: () => undefined, of: () => ({}) }, methods: new Map(), lists: [] },
    menu: [search],
    meter: { opened: () => undefined, closed: () => undefined },
    journal: { append: () => undefined },
    neighbours: { answering: () => undefined },
    ready: () => Promise.resolve(),
    sessionsChanged: () => undefined,
    instructions: () => undefined,
  } as unknown as RelayDeps);
}

async function ask(relay: Relay, session: AgentSession, method: string, params?: unknown): Promise<{ result: Record<string, unknown>; before: string[] }> {
  const before: string[] = [];
  const request: AgentRequest = {
    session,
    method,
    params: params === undefined ? undefined : JSON.stringify(params),
    signal: new AbortController().signal,
    notify: (name) => void before.push(name),
    congestion: () => undefined,
    request: () => Promise.reject(new Error('nobody asks here')),
  };
  const reply = await relay.handle(request);
  assert.ok('result' in reply);
  return { result: JSON.parse(reply.result) as Record<string, unknown>, before };
}

const namesOf = ({ result }: { result: Record<string, unknown> }): string[] => (result['tools'] as { name: string }[]).map(({ name }) => name);

describe('the relay, promoting', () => {
  it("tells the searching session on the search's own stream, once, and nobody else", async () => {
    const relay = relayOver();
    const [finder, bystander] = [sessionOf(), sessionOf()];
    for (const session of [finder, bystander]) relay.opened(session);
    const first = await ask(relay, finder, 'tools/call', { name: 'retrieve_tools' });
    assert.deepEqual(first, { result: { listed: 2 }, before: ['notifications/tools/list_changed'] });
    assert.deepEqual((await ask(relay, finder, 'tools/call', { name: 'retrieve_tools' })).before, []);
    assert.deepEqual([finder.told, bystander.told], [[], []]);
    assert.deepEqual(namesOf(await ask(relay, finder, 'tools/list')), ['retrieve_tools', 's_tool_2', 's_tool_1']);
    assert.deepEqual(namesOf(await ask(relay, bystander, 'tools/list')), ['retrieve_tools']);
  });

  it('does not list twice what is pinned', async () => {
    const relay = relayOver({ pinned: ['s:tool_2', 'tool_9'] });
    const session = sessionOf();
    await ask(relay, session, 'tools/call', { name: 'retrieve_tools' });
    assert.deepEqual(namesOf(await ask(relay, session, 'tools/list')), ['retrieve_tools', 's_tool_2', 's_tool_9', 's_tool_1']);
  });

  it('does so in adaptive mode only', async () => {
    for (const mode of ['retrieve', 'direct'] as const) {
      const { result, before } = await ask(relayOver({ mode }), sessionOf(), 'tools/call', { name: 'retrieve_tools' });
      assert.deepEqual([result, before], [{ listed: 0 }, []], mode);
    }
  });
});

describe('menu states', () => {
  const counts = (menu: number): Pick<DefinitionTokens, 'of' | 'isExact'> => {
    const tokens = new DefinitionTokens();
    return { of: (item) => (item === search ? menu : tokens.of(item)), isExact: (item) => tokens.isExact(item) };
  };
  const states = (): { of: () => 'menu' | 'direct'; tools: CatalogTool[]; change: (tools: readonly CatalogTool[]) => void; settings: { mode: MenuMode; directThreshold: number | undefined } } => {
    const state = { version: 0, tools: [] as readonly CatalogTool[] };
    const settings: { mode: MenuMode; directThreshold: number | undefined } = { mode: 'adaptive', directThreshold: undefined };
    const subject = new MenuStates({ version: () => String(state.version), visible: () => state.tools, settings: () => settings, menu: () => [search], tokens: counts(600) });
    return {
      of: () => (subject.of(PRINCIPAL_FIXTURE).effective === 'direct' ? 'direct' : 'menu'),
      tools: TOOLS,
      change(tools) {
        state.version++;
        state.tools = tools;
      },
      settings,
    };
  };
  const each = new DefinitionTokens().of(tool(0));

  it('go direct up to the threshold, and back only well beyond it', () => {
    const subject = states();
    const at = (count: number): string => {
      subject.change(TOOLS.slice(0, count));
      return subject.of();
    };
    subject.settings.directThreshold = 10 * each;
    assert.deepEqual([at(0), at(11), at(10), at(11), at(12), at(13), at(12), at(11), at(10)], ['menu', 'menu', 'direct', 'direct', 'direct', 'menu', 'menu', 'menu', 'direct']);
  });

  it('take the cost of the menu path as the threshold, unless told another', () => {
    const subject = states();
    subject.change(TOOLS.slice(0, Math.floor(1_000 / each)));
    assert.equal(subject.of(), 'direct');
    subject.change(TOOLS.slice(0, Math.ceil(1_300 / each)));
    assert.equal(subject.of(), 'menu');
    subject.settings.directThreshold = 1_400;
    assert.equal(subject.of(), 'direct', 'a new threshold counts at once');
    subject.settings.directThreshold = 0;
    assert.equal(subject.of(), 'menu');
  });

  it('leave the other modes as configured', () => {
    const subject = states();
    subject.change(TOOLS.slice(0, 1));
    subject.settings.mode = 'retrieve';
    assert.equal(subject.of(), 'menu');
    subject.change(TOOLS);
    subject.settings.mode = 'direct';
    assert.equal(subject.of(), 'direct');
  });
});

describe('announcements', () => {
  it('are one for a burst, half a second apart in a storm, and none after the end', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const tick = (ms: number): void => {
      now += ms;
      t.mock.timers.tick(ms);
    };
    const at: number[] = [];
    const announcer = new Announcer(() => at.push(now));
    for (let i = 0; i < 200; i++) {
      announcer.soon();
      announcer.soon();
      tick(10);
    }
    assert.deepEqual(at, [100, 600, 1_100, 1_600]);
    for (let i = 0; i < 100; i++) tick(10);
    assert.deepEqual(at.slice(4), [2_100], 'the last change is not lost');
    announcer.soon();
    announcer.dispose();
    announcer.soon();
    tick(1_000);
    assert.equal(at.length, 5);
  });
});

describe('profiles', () => {
  it('narrow and never widen', () => {
    const reader: Principal = { ...PRINCIPAL_FIXTURE, grant: { servers: ['s'], tools: 'all', tier: 'read' } };
    const through = throughProfile(reader, 'p', { servers: ['*'], tools: ['tool_1', 'tool_2'] });
    const readable = (name: string, server = 's'): CatalogTool => toolFixture(server, name, { annotations: { readOnlyHint: true } });
    assert.deepEqual(
      [mayUse(through, readable('tool_1')), mayUse(through, readable('tool_3')), mayUse(through, toolFixture('s', 'tool_1')), mayUse(through, readable('tool_1', 'other'))],
      [true, false, false, false],
    );
    assert.equal(through.id, reader.id);
    assert.deepEqual([mayHearOf(reader, 's'), mayHearOf(reader, 'other'), mayHearOf(through, 's')], [true, false, false]);
  });

  it('make the same principal each time, another one for another configuration', () => {
    const config = { servers: ['s'] };
    const first = throughProfile(PRINCIPAL_FIXTURE, 'p', config);
    assert.equal(throughProfile(PRINCIPAL_FIXTURE, 'p', config), first);
    assert.notEqual(throughProfile(PRINCIPAL_FIXTURE, 'p', { ...config }), first);
  });
});

describe('the token balance', () => {
  const account = { session: 's', listTokens: 1_000, directTokens: 20_000, menuCalls: 0, menuTokens: 0, toolCalls: 9, toolTokens: 9_000, savedTokens: 0, exact: false };

  it('says what a list saves, and what searches take of it', () => {
    assert.match(tokenBalance(account), /about 1,000 tokens.*would cost 20,000\. That saves 19,000 per request\.$/);
    assert.match(tokenBalance({ ...account, menuCalls: 10, menuTokens: 4_000 }), /10 searches .* added 4,000; .* each request still saves 15,000\. It breaks even at about 47 such answers/);
  });

  it('says so where figures are estimates', () => {
    assert.match(tokenBalance({ ...account, exact: true }), /^The tool list costs 1,000 tokens/);
  });

  it('hides no loss', () => {
    assert.match(tokenBalance({ ...account, directTokens: 900 }), /Listing all tools directly costs no more\.$/);
    assert.match(tokenBalance({ ...account, directTokens: 900, menuCalls: 1, menuTokens: 400 }), /One search .* added 400: listing all tools directly would cost less\.$/);
    assert.match(tokenBalance({ ...account, directTokens: 1_500, menuCalls: 2, menuTokens: 800 }), /each request after them costs 300 more than listing all tools directly\. It breaks even at about 1 such/);
  });
});
