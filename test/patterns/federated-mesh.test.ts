import assert from 'node:assert/strict';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { call, codeOf, listed, Pattern, said, textOf } from './kit.ts';

const NAME = /^[a-zA-Z0-9_-]{1,46}$/;

describe('pattern: federated mesh', { timeout: 240_000 }, () => {
  const team = new Pattern('federated-mesh');
  const hub = new Pattern('federated-mesh');
  const region = new Pattern('federated-mesh');
  /** Everything that left the hub for the team: headers and bodies. */
  const wire: string[] = [];
  const between = createServer();
  after(() => {
    between.closeAllConnections();
    between.close();
  });

  /** Starts a hub whose team is at this address. */
  const startHub = (pattern: Pattern, url: string, token: string): Promise<void> => {
    const page = pattern.command('serve', '--config', 'hub.json');
    assert.deepEqual(Object.keys(page.env), ['TEAM_URL', 'VESTIBULE_INPUT_TEAM_TOKEN']);
    return pattern.startWith({ args: page.args, env: { TEAM_URL: url, VESTIBULE_INPUT_TEAM_TOKEN: token } });
  };

  before(async () => {
    await team.start();
    const { url, token } = team.endpoint('hub');
    // Between the two, a wire that keeps what passes.
    between.on('request', (incoming: IncomingMessage, answer: ServerResponse) => {
      void text(incoming).then((body) => {
        wire.push(JSON.stringify(incoming.headers), body);
        const onward = request(url, { method: incoming.method, headers: { ...incoming.headers, host: new URL(url).host } }, (reply) => {
          answer.writeHead(reply.statusCode ?? 500, reply.headers);
          reply.pipe(answer);
        });
        onward.on('error', () => answer.destroy());
        answer.on('close', () => onward.destroy());
        onward.end(body);
      });
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    await startHub(hub, `http://127.0.0.1:${(between.address() as AddressInfo).port}/mcp`, token);
    await startHub(region, hub.endpoint().url, hub.endpoint().token);
  });

  it('lists the tools of an inner gateway themselves, although that one lists a menu', async () => {
    assert.ok((await listed(team.modern('hub'))).includes('retrieve_tools'));
    const names = await listed(hub.modern());
    for (const name of ['team_tickets_search', 'team_tickets_create_ticket', 'team_notes_read_note', 'wiki_search']) assert.ok(names.includes(name), `${name} in ${names.join(' ')}`);
    const deeper = await listed(region.modern());
    for (const name of ['team_team_tickets_search', 'team_wiki_search', 'wiki_search']) assert.ok(deeper.includes(name), `${name} in ${deeper.join(' ')}`);
    for (const name of [...names, ...deeper]) assert.match(name, NAME);
  });

  it('has nothing of what the inner gateway does not grant', async () => {
    for (const pattern of [hub, region]) assert.ok(!(await listed(pattern.modern())).some((name) => name.includes('purge')));
    assert.notEqual(codeOf(await call(hub.modern(), 'team_tickets_purge_tickets')), undefined);
  });

  it('calls through, with a record at each gateway under the name each one knows', async () => {
    assert.equal(said(await call(region.modern(), 'team_team_tickets_search', { query: 'x' })).server, 'tickets');
    const last = async (pattern: Pattern): Promise<unknown> => (await pattern.recorded()).filter(({ outcome }) => outcome === 'ok').map(({ agent, server, tool }) => [agent, server, tool]).at(-1);
    assert.deepEqual(await last(team), ['hub', 'tickets', 'search']);
    assert.deepEqual(await last(hub), ['local', 'team', 'tickets_search']);
    assert.deepEqual(await last(region), ['local', 'team', 'team_tickets_search']);
  });

  it('passes no token on', async () => {
    await call(hub.modern(), 'team_notes_read_note', { name: 'x' });
    const all = wire.join('\n');
    assert.ok(all.includes(team.endpoint('hub').token), 'its own token for the team is there');
    assert.ok(!all.includes(hub.endpoint().token) && !all.includes(region.endpoint().token));
  });

  it('passes on why an inner gateway refuses', async () => {
    assert.equal((await team.vestibule('pause', '--server', 'notes', '--config', 'team.json')).code, 0);
    const refused = await call(region.modern(), 'team_team_notes_read_note', { name: 'x' });
    assert.equal(codeOf(refused), 'paused', textOf(refused));
  });
});
