import type { ConfigProblem } from '../config/types.ts';
import type { CallRecord } from '../journal/types.ts';
import { diagnosis } from './diagnosis.ts';
import { policyFindings, type EditorPolicy, type GatewayIdentity, type PolicyFinding } from './editor-policy.ts';
import type { Diagnosis } from './types.ts';

/** What an editor knows beside the gateway; left out where it does not apply. */
export interface EditorFacts {
  /** What the editor's settings say of MCP servers, and how they see the gateway. */
  readonly policy?: { readonly rules: EditorPolicy; readonly gateway: GatewayIdentity } | undefined;
  /** False when the secret storage forgets at a restart. */
  readonly secretsPersist?: boolean;
  /** The port the settings name, and the one that is listened at. */
  readonly wantedPort?: number;
  readonly port?: number | undefined;
}

/** Problems of the servers files. */
export function diagnoseFiles(problems: readonly ConfigProblem[]): readonly Diagnosis[] {
  return problems.map(({ at, fix, message, server, severity }) => {
    const where = at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `;
    return diagnosis('bad-config', { level: severity, server, at, message: `${where}${message}`, fix, remedies: [{ kind: 'act', title: 'Open the file there', act: 'open-entry', server }] });
  });
}

/** What the editor around the gateway keeps from working. */
export function diagnoseEditor({ policy, port, secretsPersist = true, wantedPort = 0 }: EditorFacts): readonly Diagnosis[] {
  return [
    ...(policy === undefined ? [] : policyFindings(policy.rules, policy.gateway).map(forbidden)),
    ...(secretsPersist
      ? []
      : [
          diagnosis('secrets-not-kept', {
            level: 'warning',
            message: 'This machine keeps no secrets: stored inputs are asked for again after a restart.',
            fix: 'Install a keyring (gnome-keyring, KWallet), or start the editor with --password-store=gnome-libsecret or kwallet6.',
          }),
        ]),
    ...(wantedPort !== 0 && port !== undefined && port !== wantedPort ? [portTaken(wantedPort, `The gateway listens at ${port} instead.`)] : []),
  ];
}

function forbidden({ code, setting, ...text }: PolicyFinding): Diagnosis {
  return diagnosis(code, { level: code === 'too-many-tools' ? 'warning' : 'error', ...text, remedies: [{ kind: 'setting', title: 'Open the setting', setting }] });
}

/** @param consequence a sentence about what happens instead */
export function portTaken(port: number, consequence: string): Diagnosis {
  return diagnosis('port-taken', {
    level: 'warning',
    message: `Port ${port} is taken. ${consequence}`,
    fix: 'End the other program, or choose another port (0 lets the system choose).',
    remedies: [
      { kind: 'setting', title: 'Open the setting', setting: 'vestibule.port' },
      { kind: 'act', title: 'Try again', act: 'restart-gateway' },
    ],
  });
}

/** Calls that agents were refused by what they may use, by agent and tool. */
export function diagnoseRefusals(calls: readonly CallRecord[]): readonly Diagnosis[] {
  const refused = new Map<string, { readonly call: CallRecord; count: number }>();
  for (const call of calls) {
    if (call.code !== 'not_permitted') continue;
    const key = JSON.stringify([call.agent, call.server, call.tool]);
    const known = refused.get(key);
    if (known === undefined) refused.set(key, { call, count: 1 });
    else known.count++;
  }
  return [...refused.values()].slice(0, MAX_REFUSED).map(({ call, count }) =>
    diagnosis('denied-by-policy', {
      level: 'warning',
      message: `${count === 1 ? 'A call' : `${count} calls`} of the agent ${JSON.stringify(call.agent)} ${count === 1 ? 'was' : 'were'} refused: it may not use ${JSON.stringify(`${call.server}:${call.tool}`)}.`,
      evidence: [`last at ${call.time}`],
      fix: 'Give that agent more rights, or leave it so if that is what you want.',
    }),
  );
}

const MAX_REFUSED = 20;

/** Records that the disk did not take. */
export function diagnoseLoss(lost: number): readonly Diagnosis[] {
  if (lost === 0) return [];
  return [diagnosis('journal-lost', { message: `The records of ${lost} ${lost === 1 ? 'call' : 'calls'} could not be written.`, fix: 'Make room on the disk, and check that the journal folder can be written to.' })];
}
