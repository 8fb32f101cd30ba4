import { randomBytes } from 'node:crypto';
import { Emitter, type Event } from '../events.ts';
import { elements, members, stringOf } from '../json/slice.ts';
import type { RawJson, ServerName } from '../model.ts';
import { UpstreamError } from './failure.ts';

/*
 * Gateways that are each other's upstreams. When one lists another's tools it says who it is, in `_meta` of the request;
 * the other answers who it is and who is behind it. One that finds itself there is its own upstream, directly or by a
 * ring, and lists nothing of it: each would list the other's tools as its own, for ever longer names.
 */

/** The member of `_meta`, in `tools/list` and its result: ids of gateways, first that of the sender. */
const GATEWAYS = 'vestibule/gateways';
/** What a Vestibule calls itself in `serverInfo`; nobody else is asked. */
const OUR_NAME = 'vestibule';
/** More than any chain has; what is beyond is not told on. */
const MAX_IDS = 64;
const ID = /^[\w-]{16}$/;

/** Who this gateway is to others, and which of them are behind its servers. */
export class Neighbours {
  /** New for every run: it names a process, not a place or a person. */
  readonly #id = randomBytes(12).toString('base64url');
  readonly #behind = new Map<ServerName, readonly string[]>();
  readonly #changed = new Emitter<void>();

  /** Others are behind this gateway than before: gateways that list it should hear of it. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** What to send with a listing; undefined for servers that are no gateway of ours. @param name in their `serverInfo` */
  asking(name: string): RawJson | undefined {
    return name === OUR_NAME ? `{${JSON.stringify(GATEWAYS)}:["${this.#id}"]}` : undefined;
  }

  /** The `_meta` to answer a listing with, if a gateway asked. @param params raw, of its `tools/list` */
  answering(params: RawJson | undefined): RawJson | undefined {
    if (params === undefined || idsIn(params).length === 0) return undefined;
    const ids = new Set([this.#id, ...[...this.#behind.values()].flat()]);
    return `{${JSON.stringify(GATEWAYS)}:${JSON.stringify([...ids].slice(0, MAX_IDS))}}`;
  }

  /**
   * Takes in who is behind a server. @param result raw, of its `tools/list`
   * @throws UpstreamError `bad-config` with the code `gateway-loop` when this gateway is
   */
  learn(server: ServerName, result: RawJson): void {
    const ids = idsIn(result);
    const leadsBack = ids.includes(this.#id);
    this.#set(server, leadsBack ? [] : ids);
    if (leadsBack) throw loop(server, ids[0] === this.#id);
  }

  /** The server is not configured any more. */
  forget(server: ServerName): void {
    this.#set(server, []);
  }

  #set(server: ServerName, ids: readonly string[]): void {
    const before = this.#behind.get(server) ?? [];
    if (ids.length > 0) this.#behind.set(server, ids);
    else this.#behind.delete(server);
    if (ids.length !== before.length || ids.some((id) => !before.includes(id))) this.#changed.fire();
  }
}

function loop(server: ServerName, direct: boolean): UpstreamError {
  return new UpstreamError('bad-config', direct ? `The server "${server}" is this gateway itself.` : `The server "${server}" is a gateway that leads back to this one.`, {
    code: 'gateway-loop',
    action: direct ? 'Remove it from the servers file.' : 'Remove it here, or remove this gateway from the servers file of one of those in between; then restart it.',
  });
}

function idsIn(holder: RawJson): readonly string[] {
  const ids = elements(members(members(holder)?.get('_meta') ?? '')?.get(GATEWAYS) ?? '') ?? [];
  return ids.slice(0, MAX_IDS).flatMap((raw) => {
    const id = stringOf(raw);
    return id !== undefined && ID.test(id) ? [id] : [];
  });
}
