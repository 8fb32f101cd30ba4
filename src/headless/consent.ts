import { openConsentStore } from '../proxy/consent/consent-store.ts';
import { isOver } from '../proxy/consent/standing.ts';
import type { ConsentStore, StandingConsent } from '../proxy/consent/types.ts';
import { VestibuleError } from '../proxy/errors.ts';
import { visible } from '../proxy/json/visible.ts';
import { usage, type Arguments } from './args.ts';
import { COMMON_OPTIONS, JSON_OPTION, type Command } from './command.ts';
import { recordDecisions } from './decisions.ts';
import { describeError, EXIT } from './exit-code.ts';
import { placesOf } from './places.ts';
import { printJson, printLine, printNote, printTable } from './print.ts';

const FILTER_OPTIONS = {
  ...COMMON_OPTIONS,
  ...JSON_OPTION,
  server: { value: 'S', help: 'About tools of this server.' },
  tool: { value: 'T', help: 'About this tool of the server.' },
} as const;

export const consentList: Command = {
  name: 'consent list',
  summary: 'Lists what was decided about later calls of tools: allowed, refused, or asked about every time.',
  options: FILTER_OPTIONS,
  run: (args) =>
    withStore(args, (store) => {
      const chosen = store.all.filter(filterOf(args)).filter((consent) => !isOver(consent, Date.now()));
      if (args.has('json')) printJson(chosen);
      else printTable(['SERVER', 'TOOL', 'DECISION', 'FOR', 'SINCE', 'DIGEST'], chosen.map(rowOf), 'Nothing is decided about later calls.');
      return Promise.resolve(EXIT.ok);
    }),
};

export const consentRevoke: Command = {
  name: 'consent revoke',
  summary: 'Takes back what was decided about later calls; a running gateway notices within a second.',
  options: { ...FILTER_OPTIONS, all: { help: 'All there is.' } },
  run(args) {
    if (args.has('all') === (args.text('server') !== undefined)) throw usage('It does not say what to revoke.', 'Give --server S, or --all.');
    return withStore(args, async (store) => {
      const chosen = store.all.filter(filterOf(args));
      if (chosen.length === 0) {
        throw new VestibuleError('not-found', 'Nothing like that is decided.', { action: 'vestibule consent list shows what is.' });
      }
      await store.revoke(chosen);
      await recordDecisions(
        placesOf(args).data,
        chosen.map(({ server, tool = '' }) => ({ action: 'consent-revoke', server, subject: tool, digest: undefined })),
      );
      if (args.has('json')) printJson(chosen);
      else printLine(`Revoked ${chosen.length}.`);
      return EXIT.ok;
    });
  },
};

async function withStore(args: Arguments, run: (store: ConsentStore) => Promise<number>): Promise<number> {
  if (args.text('tool') !== undefined && args.text('server') === undefined) throw usage('It does not say whose tool.', 'Give --server S, too.');
  const store = await openConsentStore(placesOf(args).data, { onProblem: (problem) => printNote(visible(describeError(problem))) });
  try {
    return await run(store);
  } finally {
    store.dispose();
  }
}

function filterOf(args: Arguments): (consent: StandingConsent) => boolean {
  const server = args.text('server');
  const tool = args.text('tool');
  return (consent) => (server === undefined || consent.server === server) && (tool === undefined || consent.tool === tool);
}

function rowOf(consent: StandingConsent): string[] {
  const { kind, server, tool = '(every tool)', at } = consent;
  const digest = kind === 'ask' || kind === 'never' ? '' : consent.digest;
  return [server, tool, WORDS[kind], kind === 'ask' ? '' : consent.principal, new Date(at).toISOString(), digest];
}

const WORDS: Readonly<Record<StandingConsent['kind'], string>> = {
  tool: 'allowed',
  arguments: 'allowed with the same arguments',
  session: 'allowed for one session',
  ask: 'asked about every time',
  never: 'refused',
};
