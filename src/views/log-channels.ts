import type { LogOutputChannel } from 'vscode';
import { visible } from '../proxy/json/visible.ts';
import type { Disposable } from '../proxy/events.ts';
import type { UpstreamLogLine } from '../proxy/upstream/types.ts';
import type { GatewayHost } from './gateway-host.ts';
import { oneLine } from './text.ts';

/** What a log is shown in. */
export interface LogChannel extends Pick<LogOutputChannel, 'info' | 'warn' | 'dispose'> {
  show(preserveFocus?: boolean): void;
}

/** A log channel per upstream, made when somebody first looks at it and fed from then on. */
export class LogChannels implements Disposable {
  readonly #host: GatewayHost;
  readonly #channels = new Map<string, LogChannel>();
  readonly #subscription: Disposable;
  readonly #create: (name: string) => LogChannel;

  /** @param create makes a channel that a person sees under this name */
  constructor(host: GatewayHost, create: (name: string) => LogChannel) {
    this.#host = host;
    this.#create = create;
    this.#subscription = host.onLog((line) => {
      const channel = this.#channels.get(line.server);
      if (channel !== undefined) append(channel, line);
    });
  }

  /** Shows an upstream's log, what was logged before included. */
  show(server: string): void {
    let channel = this.#channels.get(server);
    if (channel === undefined) {
      channel = this.#create(`Vestibule: ${oneLine(server, 60)}`);
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
function append(channel: LogChannel, { source, text }: UpstreamLogLine, when = ''): void {
  const line = `${when}[${source}] ${visible(text)}`;
  if (source === 'stdout-noise' || source === 'protocol') channel.warn(line);
  else channel.info(line);
}
