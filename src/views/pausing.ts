import { visible } from '../proxy/json/visible.ts';
import { isWithin } from '../proxy/pause/paused.ts';
import type { PauseTarget } from '../proxy/pause/types.ts';
import type { Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { pausedText } from './present/pause.ts';
import { findUpstream, readTarget } from './target.ts';
import { oneLine } from './text.ts';

interface PauseContext {
  readonly host: GatewayHost;
  readonly dialogs: Dialogs;
}

/** Pauses at once, without asking; what is under way goes on unless the person then says otherwise. */
export async function pause({ host, dialogs }: PauseContext, target: PauseTarget): Promise<void> {
  const gateway = await host.start();
  await gateway.pause(target, { cancel: false });
  const name = target.server === undefined ? 'Everything' : `“${oneLine(target.tool ?? target.server, 60)}”`;
  dialogs.inform(`${name} is paused. Calls under way go on.`, { label: 'Cancel Them', run: () => gateway.pause(target, { cancel: true }) });
}

/** Lifts pauses after asking: whatever else can run commands must not undo what a person stopped (security U12). */
export async function resume({ host, dialogs }: PauseContext, target: PauseTarget): Promise<void> {
  const gateway = await host.start();
  const detail = pausedText(gateway.snapshot().pause);
  if (detail === undefined) return dialogs.inform('Nothing is paused.');
  const name = target.server === undefined ? 'everything' : `“${oneLine(target.tool ?? target.server, 60)}”`;
  if (await dialogs.confirm({ message: `Resume ${name}?`, detail: visible(detail), yes: 'Resume', needsDocument: false })) await gateway.resume(target);
}

/** What a command was run on, a tool or a server; else the server a person picks. */
export async function pauseTarget({ host, dialogs }: PauseContext, item: unknown, title: string, paused: boolean): Promise<PauseTarget | undefined> {
  const { upstreams, pause: now } = (await host.start()).snapshot();
  const target = readTarget(item);
  if (target !== undefined) {
    if (findUpstream(upstreams, target.server) === undefined) return undefined;
    return target.definition?.kind === 'tool' ? { server: target.server, tool: target.definition.name } : { server: target.server };
  }
  const held = [...now.servers.map((server) => ({ server })), ...now.tools];
  const names = upstreams.map(({ name }) => name).filter((name) => paused === held.some((one) => isWithin(one, { server: name })));
  if (names.length === 0) dialogs.inform('There is no server for this.');
  const server = names.length === 0 ? undefined : await dialogs.pick(title, names.map((value) => ({ label: oneLine(value, 60), value })));
  return server === undefined ? undefined : { server };
}
