import { createInterface } from 'node:readline';
import type { OAuthKeys } from '../../oauth/core/keys.ts';
import { loopbackWay } from '../../oauth/core/redirect.ts';
import type { SignInPerson } from '../../oauth/core/sign-in.ts';
import { resolveTransport } from '../../proxy/config/variables.ts';
import type { ResolvedTransport } from '../../proxy/config/types.ts';
import { VestibuleError } from '../../proxy/errors.ts';
import { visible } from '../../proxy/json/visible.ts';
import { fingerprintOf } from '../../proxy/quarantine/launch.ts';
import { createVariableScope } from '../../proxy/variable-scope.ts';
import type { Arguments } from '../args.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { describeError, EXIT } from '../exit-code.ts';
import { commonOptions } from '../gateway-options.ts';
import { headlessKeys } from '../keys/open-keys.ts';
import { placesOf, type Places } from '../places.ts';
import { printJson, printLine, printNote } from '../print.ts';
import { openState, upstreamNamed } from '../state.ts';

type Http = Extract<ResolvedTransport, { readonly url: string }>;

export const upstreamLogin: Command = {
  name: 'upstream login',
  summary: 'Signs in to a server: prints the page to open, and waits for it to come back. A running `serve` uses it at once.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    name: { value: 'NAME', help: 'Its name.' },
    add: { help: 'Sign in with another account, and keep the one there is.' },
  },
  async run(args) {
    const cancel = new AbortController();
    process.once('SIGINT', () => cancel.abort());
    const { keys, transport, name } = await keysOf(args);
    try {
      const account = await keys.signIn(name, transport, args.has('add'), terminalPerson(), [loopbackWay], cancel.signal);
      if (args.has('json')) printJson({ name, account: account.label, issuer: account.issuer });
      else printLine(`Signed in to "${visible(name)}" as ${visible(account.label)}.`);
      return EXIT.ok;
    } finally {
      keys.dispose();
    }
  },
};

export const upstreamLogout: Command = {
  name: 'upstream logout',
  summary: 'Signs out of a server: takes the access back where that is offered, and forgets it.',
  options: { ...COMMON_OPTIONS, ...CONFIG_OPTION, ...JSON_OPTION, name: { value: 'NAME', help: 'Its name.' }, account: { value: 'ACCOUNT', help: 'Which account (default: the one in use).' } },
  async run(args) {
    const { keys, transport, name } = await keysOf(args);
    try {
      const wanted = args.text('account');
      const account = wanted === undefined ? keys.activeAt(transport.url) : keys.accountsAt(transport.url).find(({ label }) => label === wanted);
      if (account === undefined) throw new VestibuleError('not-found', `Nobody is signed in to "${name}"${wanted === undefined ? '' : ` as "${wanted}"`}.`, { action: 'vestibule upstream login signs in.' });
      const problem = await keys.signOut(account);
      if (problem !== undefined) printNote(describeError(problem));
      if (args.has('json')) printJson({ name, account: account.label, revoked: problem === undefined });
      else printLine(`Signed out of "${visible(name)}" (${visible(account.label)}).`);
      return EXIT.ok;
    } finally {
      keys.dispose();
    }
  },
};

async function keysOf(args: Arguments): Promise<{ readonly keys: OAuthKeys; readonly transport: Http; readonly name: string }> {
  const places = placesOf(args);
  const name = args.required('name');
  const transport = await transportOf(places, name);
  const open = headlessKeys(places.data, printNote);
  const keys = await open({ workspace: places.workspace, known: () => undefined, report: (problem) => printNote(describeError(problem)) });
  return { keys, transport, name };
}

/** What is dialled; only for a launch that was approved, for a sign-in tells its server that somebody is here. */
async function transportOf(places: Places, name: string): Promise<Http> {
  const state = await openState(places);
  try {
    const upstream = upstreamNamed(state.config, name);
    if (!state.approvals.launchApproved(name, fingerprintOf(upstream))) {
      throw new VestibuleError('launch-not-approved', `The launch of "${name}" awaits approval; nothing is dialled before.`, { action: 'Look at it (vestibule quarantine show --server …), then: vestibule upstream approve --name …' });
    }
    const scope = createVariableScope({ ...commonOptions(places), token: undefined, log: () => undefined }, () => state.config);
    const transport = await resolveTransport(upstream, scope);
    if (transport.type !== 'stdio') return transport;
    throw new VestibuleError('usage', `"${name}" runs on this machine and has no sign-in.`, { action: 'Give it its key in "env".' });
  } finally {
    state.dispose();
  }
}

/** A person at a terminal: opens the page themselves, here or on another machine, and may paste where it led to. */
function terminalPerson(): SignInPerson {
  return {
    chooseIssuer(issuers) {
      printNote(`The server names several places to sign in at: ${issuers.map(visible).join(', ')}. Set "issuer" under "oauth" of this server to choose one.`);
      return Promise.resolve(undefined);
    },
    askClient: () => Promise.resolve(undefined),
    open(url, signal) {
      printNote(`Open this page to sign in at ${visible(url.host)}:\n\n  ${visible(url.href)}\n\nWithout a browser on this machine, paste the address it ends at here.`);
      return new Promise((resolve) => {
        const lines = createInterface({ input: process.stdin });
        signal.addEventListener('abort', () => lines.close(), { once: true });
        lines.on('line', (line) => line.trim() !== '' && resolve(line));
        // Without an input there is nothing to paste; the browser may still come back by itself.
        lines.on('close', () => resolve(undefined));
      });
    },
  };
}
