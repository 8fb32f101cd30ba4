import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toolId, type ToolId } from '../../src/proxy/model.ts';
import { createToolIndex } from '../../src/proxy/search/tool-index.ts';
import type { SearchDocument, SearchOptions, SearchResult, ToolIndex } from '../../src/proxy/search/types.ts';

const ALL: SearchOptions = { limit: 10, visible: () => true };

function tool(server: string, name: string, description = '', more: Partial<SearchDocument> = {}): SearchDocument {
  return { id: toolId(server, name), server, serverTitle: undefined, name, title: undefined, description, inputSchema: {}, readOnly: false, ...more };
}

const CATALOG: Readonly<Record<string, readonly SearchDocument[]>> = {
  github: [
    tool('github', 'create_issue', 'Create a new issue in a repository'),
    tool('github', 'list_issues', 'List issues of a repository'),
    tool('github', 'delete_issue', 'Delete an issue'),
    tool('github', 'create_pull_request', 'Open a pull request'),
  ],
  filesystem: [
    tool('filesystem', 'read_file', 'Read the complete contents of a file', { inputSchema: { properties: { path: { type: 'string', description: 'Where the file is' } } } }),
    tool('filesystem', 'write_file', 'Write content to a file'),
    tool('filesystem', 'list_directory', 'List the entries of a directory'),
  ],
  jira: [tool('jira', 'create', 'Creates an item'), tool('jira', 'get', 'Returns an item')],
  weather: [tool('weather', 'get_forecast', 'Weather forecast for a place', { title: 'Forecast' })],
  amap: [tool('amap', 'maps_weather', '根据城市名称查询天气')],
  browser: [tool('browser', 'navigate', 'Open a URL in the browser'), tool('browser', 'screenshot', 'Take a screenshot of the page')],
};

function filled(catalog: Readonly<Record<string, readonly SearchDocument[]>> = CATALOG): ToolIndex {
  const index = createToolIndex();
  for (const [server, documents] of Object.entries(catalog)) index.put(server, documents);
  return index;
}

function ids({ hits }: SearchResult): ToolId[] {
  return hits.map((hit) => hit.id);
}

function first(query: string): ToolId | undefined {
  return ids(filled().search(query, ALL))[0];
}

describe('what is found', () => {
  it('the tool whose name says it', () => {
    assert.equal(first('create an issue'), 'github:create_issue');
    assert.equal(first('listIssues'), 'github:list_issues');
    assert.equal(first('READ_FILE'), 'filesystem:read_file');
  });

  it('other words for the same thing', () => {
    assert.equal(first('remove a bug report'), 'github:delete_issue');
    assert.equal(first('will it rain tomorrow'), 'weather:get_forecast');
    assert.equal(first('capture the web page'), 'browser:screenshot');
    assert.equal(first('open a merge request'), 'github:create_pull_request');
  });

  it('what the product behind a server is for', () => {
    assert.equal(ids(filled({ jira: CATALOG['jira'] ?? [], weather: CATALOG['weather'] ?? [] }).search('new ticket', ALL))[0], 'jira:create');
  });

  it('a slip of the keyboard and words run together', () => {
    assert.equal(first('creat isue'), 'github:create_issue');
    assert.equal(first('screenshto'), 'browser:screenshot');
    assert.equal(first('pullrequest'), 'github:create_pull_request');
  });

  it('typed values', () => {
    assert.equal(first('https://example.com/a/b?c=d'), 'browser:navigate');
    assert.equal(first('what is in ./notes/todo.md'), 'filesystem:read_file');
  });

  it('a tool described in Chinese, by an English need and by a Chinese one', () => {
    const onlyChinese = filled({ amap: CATALOG['amap'] ?? [], github: CATALOG['github'] ?? [] });
    assert.equal(ids(onlyChinese.search('forecast for the city', ALL))[0], 'amap:maps_weather');
    assert.equal(ids(onlyChinese.search('今天天气', ALL))[0], 'amap:maps_weather');
  });

  it('the operation that is asked for rather than its opposite', () => {
    assert.equal(first('delete issue'), 'github:delete_issue');
    assert.equal(first('show issues'), 'github:list_issues');
  });

  it('the file tool of a task that writes its result, beside the tools of its subject', () => {
    const { hits } = filled().search('What is the weather forecast for Rome? Please save it to ./out/rome.md', ALL);
    assert.equal(hits[0]?.id, 'weather:get_forecast');
    assert.ok(hits.slice(0, 3).some((hit) => hit.id === 'filesystem:write_file'), JSON.stringify(hits));
    for (let at = 1; at < hits.length; at++) assert.ok((hits[at - 1]?.score ?? 0) >= (hits[at]?.score ?? 0), 'scores fall');
  });

  it('the file tool of a long task third, however well its subject matches', () => {
    const story = 'Please go through all the open issues of our repository, list every issue with its title, and find out which issues were reported by more than one person. ';
    const found = ids(filled().search(`${story.repeat(2)} Then write a report about those issues to /root/out/report.md`, ALL));
    assert.equal(found[0], 'github:list_issues');
    assert.equal(found[2], 'filesystem:write_file');
  });

  it('a name said in one stretch of a long task before one whose words are strewn over it', () => {
    const index = createToolIndex();
    index.put('a', [tool('a', 'compare_price_history', 'Does things.'), tool('a', 'merge_calendar_entries', 'Does things.')]);
    const filler = 'alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform victor';
    const strewn = `merge ${filler} calendar ${filler.replaceAll(' ', 's ')} compare price history entries`;
    assert.deepEqual(ids(index.search(strewn, ALL)), ['a:compare_price_history', 'a:merge_calendar_entries']);
    assert.equal(ids(index.search(strewn.replace('compare price history', 'calendar'), ALL))[0], 'a:merge_calendar_entries');
  });

  it('nothing for a query without words', () => {
    for (const query of ['', '   ', '?!', 'the of and', '\u0000', '((((']) {
      assert.deepEqual(filled().search(query, ALL), { hits: [], total: 0 });
    }
    assert.deepEqual(createToolIndex().search('issue', ALL), { hits: [], total: 0 });
  });
});

describe('the limit and visibility', () => {
  const three = filled({ s: ['a', 'b', 'c'].map((name) => tool('s', name, 'alpha')) });

  it('visibility comes before the limit and before the count', () => {
    const index = filled();
    const all = index.search('issue', ALL);
    const best = all.hits[0]?.id;
    const rest = index.search('issue', { limit: 1, visible: (id) => id !== best });
    assert.equal(rest.hits[0]?.id, all.hits[1]?.id);
    assert.equal(rest.total, all.total - 1);
    assert.deepEqual(index.search('issue', { limit: 5, visible: () => false }), { hits: [], total: 0 });
  });

  it('counts what the limit cuts', () => {
    const { hits, total } = three.search('alpha', { ...ALL, limit: 1 });
    assert.equal(hits.length, 1);
    assert.equal(total, 3);
  });

  it('takes any number as a limit', () => {
    const found = (limit: number): number => three.search('alpha', { ...ALL, limit }).hits.length;
    assert.deepEqual([0, -1, Number.NaN, 1.9, 2, 99, Number.POSITIVE_INFINITY].map(found), [0, 0, 0, 1, 2, 3, 3]);
  });

  it('is not broken by a visibility check that throws', () => {
    const index = filled();
    const before = index.search('issue', ALL);
    assert.throws(() => index.search('file directory issue', { limit: 5, visible: () => { throw new Error('no'); } }), /no/);
    assert.deepEqual(index.search('issue', ALL), before);
  });
});

describe('a live index', () => {
  it('putting a server again replaces its tools', () => {
    const index = filled();
    index.put('github', [tool('github', 'star', 'Stars a repository')]);
    const gone = ids(index.search('create issue in a repository, list, delete, pull request', { ...ALL, limit: 50 }));
    assert.deepEqual(gone.filter((id) => id.startsWith('github:')), ['github:star']);
    assert.equal(ids(index.search('star repository', ALL))[0], 'github:star');
  });

  it('removing a server leaves nothing of it, and an unknown one is no matter', () => {
    const index = filled();
    index.remove('github');
    index.remove('nobody');
    assert.deepEqual(ids(index.search('pull request', ALL)).filter((id) => id.startsWith('github:')), []);
    index.put('github', []);
    assert.equal(ids(index.search('forecast', ALL))[0], 'weather:get_forecast');
  });

  it('one id is one tool: the last definition given counts', () => {
    const index = createToolIndex();
    index.put('s', [tool('s', 'x', 'alpha'), tool('s', 'x', 'beta')]);
    assert.equal(index.search('alpha', ALL).total, 0);
    assert.equal(index.search('beta', ALL).total, 1);
  });

  it('answers as a fresh index would, whatever came and went before', () => {
    const servers = Object.keys(CATALOG);
    const step = fc.record({ server: fc.constantFrom(...servers), tools: fc.integer({ min: 0, max: 4 }) });
    const queries = ['create issue', 'file', 'weather 天气', 'open browser page', 'list'];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const index = createToolIndex();
        const now = new Map<string, readonly SearchDocument[]>();
        for (const { server, tools } of steps) {
          const documents = (CATALOG[server] ?? []).slice(0, tools);
          if (tools === 0) index.remove(server);
          else index.put(server, documents);
          now.set(server, documents);
        }
        const fresh = filled(Object.fromEntries([...now].reverse()));
        for (const query of queries) assert.deepEqual(index.search(query, ALL), fresh.search(query, ALL));
      }),
      { numRuns: 60 },
    );
  });

  it('equal scores are ordered by id', () => {
    const index = createToolIndex();
    for (const server of ['c', 'a', 'b']) index.put(server, [tool(server, 'ping', 'Answers')]);
    assert.deepEqual(ids(index.search('ping', ALL)), ['a:ping', 'b:ping', 'c:ping']);
  });
});

describe('explanations', () => {
  const LONG =
    'I have been asked by my manager to look at every open issue of our repository, compare the pull request that closes it with the file it changes, ' +
    'list the directory where that file lives, check the weather forecast for the day of the release and take a screenshot of the page that shows it, ' +
    'then create one more issue for what is left to do and write everything down so that other people can read the file later on without asking';

  it('add up to the score', () => {
    for (const query of ['create issue', 'remove a bug report in the repo', LONG, 'forecast for Rome and save it to ./out/rome.md', 'creat isue', '/tmp/a.docx']) {
      const { hits } = filled().search(query, { ...ALL, explain: true });
      assert.ok(hits.length > 0, query);
      for (const hit of hits) {
        const sum = (hit.explain ?? []).reduce((total, row) => total + row.score, 0);
        assert.ok(Math.abs(sum - hit.score) < 1e-9 * Math.max(1, hit.score), `${query}: ${hit.id} ${sum} ${hit.score}`);
      }
    }
  });

  it('name the word, what answered it, and the field', () => {
    const [hit] = filled().search('remove issue', { ...ALL, explain: true }).hits;
    const rows = (hit?.explain ?? []).map((row) => `${row.term} in ${row.field}`);
    assert.ok(rows.includes('remove → delete in name'), rows.join('; '));
    assert.ok(rows.includes('issue in name') && rows.includes('issue in description'), rows.join('; '));
    assert.ok(rows.includes('* in name coverage'), rows.join('; '));
  });

  it('are made only when asked for', () => {
    assert.equal(filled().search('issue', ALL).hits[0]?.explain, undefined);
  });
});

describe('several needs', () => {
  it('every need is covered before one is deepened', () => {
    const { hits } = filled().searchAll(['create issue', 'read file', 'screenshot'], { ...ALL, limit: 3 });
    assert.deepEqual(ids({ hits, total: 0 }), ['github:create_issue', 'filesystem:read_file', 'browser:screenshot']);
  });

  it('a tool that answers two needs stands once, and the count is of the union', () => {
    const index = filled();
    const one = index.search('issue', ALL);
    const both = index.searchAll(['issue', 'issues'], ALL);
    assert.equal(both.total, one.total);
    assert.equal(new Set(ids(both)).size, both.hits.length);
  });

  it('visibility holds for every need, none is fine, and there is an end to them', () => {
    const index = filled();
    const onlyWeather = index.searchAll(['create issue', 'forecast'], { ...ALL, visible: (id) => id.startsWith('weather:') });
    assert.deepEqual(ids(onlyWeather), ['weather:get_forecast']);
    assert.deepEqual(index.searchAll([], ALL), { hits: [], total: 0 });
    const many = index.searchAll([...Array.from({ length: 40 }, () => 'forecast'), 'issue'], ALL);
    assert.ok(!ids(many).some((id) => id.startsWith('github:')));
  });
});

describe('a caller that may use some tools', () => {
  const words = ['issue', 'issues', 'create', 'list', 'file', 'repository', 'payroll', 'weather', 'forecast', 'screenshot', 'invoice'];
  const document = fc.record({ server: fc.constantFrom('a', 'b', 'c'), name: fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }), text: fc.array(fc.constantFrom(...words), { maxLength: 8 }) });
  const query = fc.array(fc.constantFrom(...words, 'isue', 'payrol', 'ticket', 'fileweather'), { minLength: 1, maxLength: 30 }).map((list) => list.join(' '));

  it('searches exactly as if no other tool were in the index: hits, scores, reasons and counts', () => {
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 30 }), fc.array(query, { minLength: 1, maxLength: 3 }), fc.integer({ min: 2, max: 5 }), (drawn, queries, every) => {
        const documents = drawn.map(({ server, name, text }, at) => tool(server, `${name.join('_')}_${at}`, text.join(' ')));
        const mine = new Set(documents.filter((_, at) => at % every !== 0).map(({ id }) => id));
        const shared = createToolIndex();
        const own = createToolIndex();
        for (const server of ['a', 'b', 'c']) {
          shared.put(server, documents.filter((entry) => entry.server === server));
          own.put(server, documents.filter((entry) => entry.server === server && mine.has(entry.id)));
        }
        const options = { limit: 10, explain: true };
        const visible = (id: ToolId): boolean => mine.has(id);
        for (const text of queries) {
          assert.deepEqual(comparable(shared.search(text, { ...options, visible })), comparable(own.search(text, { ...options, visible: () => true })));
        }
        assert.deepEqual(comparable(shared.searchAll(queries, { ...options, visible })), comparable(own.searchAll(queries, { ...options, visible: () => true })));
      }),
      { numRuns: 150 },
    );
  });

  it('has no slip of the keyboard mended to a word of another caller', () => {
    const index = filled({ a: [tool('a', 'run_payroll')], b: [tool('b', 'send_invoice')] });
    assert.equal(index.search('payrol', ALL).total, 1);
    assert.deepEqual(index.search('payrol', { limit: 5, visible: (id) => id.startsWith('b:') }), { hits: [], total: 0 });
  });

  it('is asked again about each hit, and seen anew when the index changes', () => {
    const index = filled();
    const taken = new Set<ToolId>();
    const visible = (id: ToolId): boolean => !taken.has(id);
    assert.equal(ids(index.search('forecast', { limit: 5, visible }))[0], 'weather:get_forecast');
    taken.add(toolId('weather', 'get_forecast'));
    assert.ok(!ids(index.search('forecast', { limit: 5, visible })).includes(toolId('weather', 'get_forecast')));
    index.put('other', [tool('other', 'forecast')]);
    assert.equal(ids(index.search('forecast', { limit: 5, visible }))[0], 'other:forecast');
  });

  it('narrows a search by a filter without another order', () => {
    const index = filled();
    const all = ids(index.search('create issue', { ...ALL, limit: 50 }));
    const filtered = index.search('create issue', { ...ALL, limit: 50, filter: (id) => id.startsWith('github:') });
    assert.deepEqual(ids(filtered), all.filter((id) => id.startsWith('github:')));
    assert.equal(filtered.total, filtered.hits.length);
  });
});

/** The order of additions may differ in the last bits. */
function comparable({ hits, total }: SearchResult): unknown {
  return {
    total,
    hits: hits.map(({ id, score, explain }) => ({
      id,
      score: score.toFixed(9),
      explain: explain?.map((row) => `${row.term} ${row.field} ${row.score.toFixed(9)}`),
    })),
  };
}

describe('an index that was kept', () => {
  const digested = (): Record<string, readonly SearchDocument[]> =>
    Object.fromEntries(Object.entries(CATALOG).map(([server, documents]) => [server, documents.map((document) => ({ ...document, digest: `sha256-${document.id}` }))]));
  const begun = (text: string, version = '1'): ToolIndex => {
    const index = createToolIndex({ text, version });
    for (const [server, documents] of Object.entries(digested())) index.put(server, documents);
    return index;
  };
  const kept = (): string => begun('').serialise();

  it('answers as one that was made anew, to the last bit', () => {
    for (const query of ['create an issue', 'weather', 'write the report to /tmp/x.md', 'screenshot of https://example.com', '查询天气']) {
      assert.deepEqual(begun(kept()).search(query, { ...ALL, explain: true }), begun('').search(query, { ...ALL, explain: true }), query);
    }
  });

  it('is used for the definitions it was made of, by the version that made it, and for nothing else', () => {
    const marked = kept().replace('"forecast"', '"zeppelin"');
    assert.equal(ids(begun(marked).search('zeppelin', ALL))[0], 'weather:get_forecast', 'the test sees what is used');
    assert.equal(begun(marked, '2').search('zeppelin', ALL).total, 0, 'another version');
    const changed = createToolIndex({ text: marked, version: '1' });
    changed.put('weather', [tool('weather', 'get_forecast', 'Weather forecast for a place', { title: 'Forecast', digest: 'sha256-another' })]);
    assert.equal(changed.search('zeppelin', ALL).total, 0, 'another definition');
    assert.equal(changed.search('forecast', ALL).total, 1);
    const plain = createToolIndex({ text: marked, version: '1' });
    plain.put('weather', [tool('weather', 'get_forecast', 'Weather forecast for a place', { title: 'Forecast' })]);
    assert.equal(plain.search('zeppelin', ALL).total, 0, 'a definition without a digest');
  });

  it('is no matter when it cannot be read', () => {
    const text = kept();
    const broken = ['', '{}', 'null', '[]', text.slice(0, -10), text.replace(/"terms":"....../, '"terms":"////z/'), text.replace(/"impacts":"....../, '"impacts":"////////'), text.replace(/"words":\[/, '"words":[7,')];
    for (const each of broken) assert.equal(ids(begun(each).search('forecast', ALL))[0], 'weather:get_forecast', each.slice(0, 60));
  });
});

describe('hostile and odd input', () => {
  it('names that mean something to JavaScript are only words', () => {
    const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const index = createToolIndex();
    const properties = JSON.parse('{"__proto__": {"description": "polluted"}, "constructor": null, "valueOf": 3}') as Record<string, unknown>;
    for (const name of odd) index.put(name, [tool(name, name, name, { inputSchema: { properties } })]);
    for (const name of odd) assert.ok(index.search(name, ALL).total > 0, name);
    for (const name of odd) index.remove(name);
    assert.equal(index.search('constructor', ALL).total, 0);
  });

  it('schemas of any shape are read or skipped, never trusted', () => {
    const shapes: unknown[] = [null, [], 'text', { properties: [] }, { properties: 'x' }, { properties: { a: [1], b: { description: 4, enum: 'no' }, c: { enum: [1, null, 'deep'] } } }];
    const index = createToolIndex();
    index.put('s', shapes.map((shape, at) => tool('s', `tool_${at}`, 'alpha', { inputSchema: (shape ?? {}) as Record<string, unknown> })));
    assert.equal(index.search('alpha', { ...ALL, limit: 50 }).total, shapes.length);
    assert.equal(index.search('deep', ALL).total, 1);
  });

  it('very long queries and definitions are cut, not refused', () => {
    const index = filled();
    const started = process.cpuUsage();
    for (const unit of ['issue ', 'a', '/', '.', 'a.', 'a@', '1.', '{"a":', '天气', '\ud800', '0x', 'save it to /a ']) {
      index.search(unit.repeat(10_000), ALL);
    }
    const { user } = process.cpuUsage(started);
    assert.ok(user < 5_000_000, `${user} µs for twelve queries`);
    assert.equal(ids(index.search(`create issue ${'x'.repeat(10_000)}`, ALL))[0], 'github:create_issue');
    index.put('long', [tool('long', 'n'.repeat(5_000), 'alpha '.repeat(100_000), { serverTitle: 'alpha '.repeat(5_000) })]);
    assert.ok(index.search('alpha', ALL).total > 0);
  });

  it('any text is a query', () => {
    const index = filled();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (query) => {
        const { hits, total } = index.search(query, ALL);
        assert.ok(hits.length <= total);
        for (const hit of hits) assert.ok(Number.isFinite(hit.score) && hit.score > 0);
      }),
      { numRuns: 100 },
    );
  });
});
