import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConsentQuestion, StandingConsent } from '../../src/proxy/consent/types.ts';
import { sha256 } from '../../src/proxy/json/canonical.ts';
import type { GatewayApi } from '../../src/proxy/api.ts';
import { ConsentAsker } from '../../src/views/consent-asker.ts';
import { manageConsents, setConsent } from '../../src/views/consents.ts';
import { GatewayHost } from '../../src/views/gateway-host.ts';
import { consentPage } from '../../src/views/present/consent-question.ts';
import { PRINCIPAL_FIXTURE, toolFixture } from '../fixtures/calls.ts';
import { FakeGateway, ScriptedDialogs, snapshot, tool, upstream } from './views-fixtures.ts';

function question(more: Partial<ConsentQuestion> = {}): ConsentQuestion {
  return {
    tool: toolFixture('files', 'delete_file', { description: 'Deletes.' }),
    principal: PRINCIPAL_FIXTURE,
    client: 'code 1.0',
    route: 'call_tool',
    argumentsText: '{"path":"/tmp/x"}',
    lastAllowed: undefined,
    everyCall: false,
    signal: new AbortController().signal,
    ...more,
  };
}

/** An asker whose person presses these buttons, one a dialog. */
function asker(...buttons: (string | undefined)[]): { asker: ConsentAsker; dialogs: ScriptedDialogs; shown: string[] } {
  const dialogs = new ScriptedDialogs();
  const shown: string[] = [];
  dialogs.onModal = () => Promise.resolve(buttons.shift());
  return { asker: new ConsentAsker({ dialogs, preview: (title, text) => Promise.resolve(void shown.push(`${title}\n${text}`)) }), dialogs, shown };
}

describe('the question about a call', () => {
  it('names tool, server, risk and arguments, and what is new in them', () => {
    const { message, detail, needsDocument, allows } = consentPage(question({ lastAllowed: '{"path":"/tmp/a"}' }));
    assert.equal(message, 'Allow the call of “delete_file” of the server “files”?');
    assert.match(detail, /counts as one that may destroy/);
    assert.match(detail, /^Called by code 1\.0 with call_tool\.$/m);
    assert.match(detail, /^path: "\/tmp\/x"$/m);
    assert.match(detail, /^~ path: "\/tmp\/a" → "\/tmp\/x"$/m);
    assert.deepEqual([needsDocument, allows], [false, 'tool']);
    assert.equal(consentPage(question({ everyCall: true })).allows, 'once');
  });

  it('shows what does not fit in a document, whole, and nothing invisible anywhere', () => {
    const hostile = toolFixture('files', 'x\u202E\n', { description: 'a\u200Bb\n[x](command:y)' });
    const long = `${'y'.repeat(5_000)}END\u{E0041}`;
    const page = consentPage(question({ tool: hostile, argumentsText: JSON.stringify({ long }) }));
    assert.ok(page.needsDocument);
    assert.ok(page.detail.length < 1_000);
    assert.match(page.document.replaceAll(/\n┆ /g, ''), /yEND\\u\{E0041\}/);
    assert.doesNotMatch(page.message + page.detail + page.document, /[\u202e\u200b]|\u{e0041}/u);
  });

  it('takes the plain answers, and closing it for no', async () => {
    assert.equal(await asker('Allow').asker.ask(question()), 'tool');
    assert.equal(await asker('Allow').asker.ask(question({ everyCall: true })), 'once');
    assert.equal(await asker(undefined).asker.ask(question()), 'decline');
  });

  it('decides nothing by its default button', async () => {
    const { asker: one, dialogs, shown } = asker('Show Whole Call', 'Show Whole Call', undefined);
    assert.equal(await one.ask(question()), 'decline');
    assert.deepEqual(dialogs.modals.map(({ buttons }) => buttons[0]), ['Show Whole Call', 'Show Whole Call', 'Show Whole Call']);
    assert.equal(shown.length, 2);
    assert.match(shown[0] ?? '', /Call of delete_file[\s\S]*│ path: "\/tmp\/x"[\s\S]*│ Deletes\.[\s\S]*Digest sha256-/);
  });

  it('offers every kind of consent', async () => {
    const answers = ['Allow this call only', 'Allow for this session', 'Allow these arguments always', 'Allow this tool always', 'Allow all tools of this server always', 'Allow, and ask every time', 'Never', 'not there'];
    const given: string[] = [];
    for (const label of answers) {
      const { asker: one, dialogs } = asker('More Choices…');
      dialogs.choose = [label];
      given.push(await one.ask(question()));
    }
    assert.deepEqual(given, ['once', 'session', 'arguments', 'tool', 'server', 'ask', 'never', 'decline']);
  });

  it('comes one at a time, and is void once the call is over', async () => {
    const { asker: one, dialogs } = asker();
    const presses: ((button: string | undefined) => void)[] = [];
    let appeared = (): void => undefined;
    dialogs.onModal = () => new Promise((resolve) => {
      presses.push(resolve);
      appeared();
    });
    const next = (): Promise<void> => new Promise((resolve) => (appeared = resolve));
    const over = new AbortController();
    const first = next();
    const answers = [one.ask(question({ signal: over.signal })), one.ask(question({ signal: over.signal })), one.ask(question())];
    await first;
    assert.equal(presses.length, 1);
    over.abort();
    const third = next();
    presses[0]?.('Allow');
    assert.equal(await answers[0], 'decline');
    assert.match(dialogs.informed.join(), /over before you answered/);
    assert.equal(await answers[1], 'decline');
    await third;
    assert.equal(presses.length, 2, 'the second call was over before it was asked about');
    presses[1]?.('Allow');
    assert.equal(await answers[2], 'tool');
  });
});

describe('consents', () => {
  const consents: readonly StandingConsent[] = [
    { kind: 'tool', server: 'files', tool: 'delete_file', principal: 'editor', digest: sha256('x'), at: 0 },
    { kind: 'never', server: 'files', tool: 'format', principal: 'editor', at: 0 },
    { kind: 'ask', server: 'mail', at: 0 },
  ];
  const made = async (): Promise<{ context: { host: GatewayHost; dialogs: ScriptedDialogs }; gateway: FakeGateway }> => {
    const gateway = new FakeGateway(snapshot([upstream({ name: 'files', tools: [tool('a', { status: 'approved' }), tool('b')] })], { consents }));
    const host = new GatewayHost(() => Promise.resolve<GatewayApi>(gateway));
    await host.start();
    return { context: { host, dialogs: new ScriptedDialogs() }, gateway };
  };

  it('are listed, and what is ticked is taken back', async () => {
    const { context, gateway } = await made();
    context.dialogs.choose = ['Never'];
    await manageConsents(context);
    assert.deepEqual(context.dialogs.picks[0]?.labels, ['Asked about every time', 'Never', 'Allowed']);
    assert.deepEqual(gateway.decided, [['consent revoke', 'never files:format']]);
    context.dialogs.choose = undefined;
    await manageConsents(context);
    assert.equal(gateway.decided.length, 1);
    await context.host.dispose();
  });

  it('are decided for a tool or a server, from its row or a list', async () => {
    const { context, gateway } = await made();
    context.dialogs.choose = ['Always ask'];
    await setConsent(context, { server: 'files', definition: { kind: 'tool', name: 'a', digest: 'd' } });
    context.dialogs.choose = ['files', 'Never'];
    await setConsent(context, undefined);
    assert.deepEqual(context.dialogs.picks[1]?.labels, ['files', 'a'], 'only what is approved');
    context.dialogs.choose = ['a', 'Always allow'];
    await setConsent(context, undefined);
    await setConsent(context, { server: 'gone' });
    assert.deepEqual(gateway.decided, [['consent ask', 'files:a'], ['consent never', 'files:*'], ['consent allow', 'files:a']]);
    await context.host.dispose();
  });
});
