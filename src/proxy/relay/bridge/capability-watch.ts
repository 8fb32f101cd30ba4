import { rpcError } from '../../json/frame.ts';
import { members } from '../../json/slice.ts';
import type { RawJson, RawReply } from '../../model.ts';
import { isMet, requirementOf } from './requirements.ts';

const MISSING_CAPABILITY = -32021;

/**
 * Watches what a legacy server asks in the course of one request of a modern agent, for things the agent did not
 * declare. The server hears that it cannot ask that; if it then fails the request, that is why (2026-07-28, -32021).
 */
export class CapabilityWatch {
  readonly #capabilities: RawJson;
  readonly #missing = new Map<string, unknown>();

  /** @param capabilities what the agent declared, raw */
  constructor(capabilities: RawJson) {
    this.#capabilities = capabilities;
  }

  asked(method: string, params: RawJson | undefined): void {
    const requirement = requirementOf(method, params);
    if (requirement === undefined || isMet(requirement, this.#capabilities)) return;
    const required = JSON.parse(requirement.required) as Readonly<Record<string, object>>;
    for (const [name, detail] of Object.entries(required)) this.#missing.set(name, { ...(this.#missing.get(name) as object | undefined), ...detail });
  }

  /** The reply, or what it should have been. */
  explained(reply: RawReply): RawReply {
    if (this.#missing.size === 0 || !isFailure(reply)) return reply;
    return { error: rpcError(MISSING_CAPABILITY, 'The server asks for something this client did not declare', { requiredCapabilities: Object.fromEntries(this.#missing) }) };
  }
}

function isFailure(reply: RawReply): boolean {
  return 'error' in reply || (reply.result.includes('"isError"') && members(reply.result)?.get('isError') === 'true');
}
