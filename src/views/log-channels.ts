import * as vscode from 'vscode';
import { visible } from '../proxy/json/visible.ts';
import type { Disposable } from '../proxy/events.ts';
import type { UpstreamLogLine } from '../proxy/upstream/types.ts';
import type { GatewayHost } from './gateway-host.ts';
import { oneLine } from './text.ts';

/** A log channel per upstream, made when somebody first looks at it and fed from then on. */
export class LogChannels implements Disposable {
  readonly #host: GatewayHost;
  readonly #channels = new Map<string, vscode.LogOutputChannel>();
  readonly #subscription: Disposable;

  constructor(host: GatewayHost) {
    this.#host = host;
    this.#subscription = host.onLog((line) => {
      const channel = this.#channels.get(line.server);
      if (channel !== undefined) append(channel, line);
    });
  }

  /** Shows an upstream's log, what was logged before included. */
  show(server: string): void {
    let channel = this.#channels.get(server);
    if (channel === undefined) {
      channel = vscode.window.createOutputChannel(`Vestibule: ${oneLine(server, 60)}`, { log: true });
      this.#channels.set(server, channel);
      const { state } = this.#host;
      for (const line of state.kind === 'running' ? state.gateway.logs(server) : []) {
        append(channel, line, `${new Date(line.at).toISOString()} `);
      }
    }
    channel.show(true);
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const channel of this.#channels.values()) channel.dispose();
  }
}

/** @param when for lines that are older than the channel, which stamps only what it is given live */
function append(channel: vscode.LogOutputChannel, { source, text }: UpstreamLogLine, when = ''): void {
  const line = `${when}[${source}] ${visible(text)}`;
  if (source === 'stdout-noise' || source === 'protocol') channel.warn(line);
  else channel.info(line);
}
