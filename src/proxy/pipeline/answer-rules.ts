import type { ConfigSnapshot, ConfigSource } from '../config/types.ts';
import type { ServerName } from '../model.ts';
import { DEFAULT_RESULT_POLICY, type ResultPolicy } from '../scanner/scan-result.ts';

/** What is done with answers, as one state of the configuration says. Undefined stands for what no server is known of. */
export interface AnswerRules {
  policy(server: ServerName | undefined): ResultPolicy;
  /** Characters of an answer that an agent gets at once. */
  budget(server: ServerName | undefined): number;
}

/**
 * Gives the rules of now. Who keeps what it was given ends by the rules it began with, whatever the files say meanwhile.
 */
export function createAnswerRules(config: Pick<ConfigSource, 'snapshot'>): () => AnswerRules {
  let known: { readonly of: ConfigSnapshot; readonly rules: AnswerRules } | undefined;
  return () => {
    const { snapshot } = config;
    if (known?.of !== snapshot) known = { of: snapshot, rules: rulesOf(snapshot) };
    return known.rules;
  };
}

function rulesOf({ gateway, upstreams }: ConfigSnapshot): AnswerRules {
  const entries = new Map(upstreams.map((entry) => [entry.name, entry]));
  const entryOf = (server: ServerName | undefined) => (server === undefined ? undefined : entries.get(server));
  return {
    policy: (server) => ({ ...DEFAULT_RESULT_POLICY, ...entryOf(server)?.resultPolicy }),
    budget: (server) => entryOf(server)?.outputLimit ?? gateway.responseLimit,
  };
}
