import type { InputEntry, ServerEntry } from '../config/edit.ts';
import type { Event } from '../events.ts';

/** A server that an agent would like to have. Nothing of it was started or dialled. */
export interface Proposal {
  readonly id: string;
  /** Milliseconds since epoch. */
  readonly at: number;
  /** Id of the principal that proposed it. */
  readonly agent: string;
  readonly name: string;
  readonly entry: ServerEntry;
  readonly inputs: readonly InputEntry[];
  /** Why, in the agent's words: untrusted. */
  readonly reason: string;
}

/** What an agent asks for: an address, a command, or a server of a registry. */
export interface ProposalRequest {
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly command: string | undefined;
  readonly args: readonly string[];
  /** Name of a server in a registry. */
  readonly registry: string | undefined;
  readonly reason: string;
}

/** What became of a request. */
export type ProposalAnswer =
  /** A person has to accept it. */
  | { readonly kind: 'filed'; readonly name: string }
  /** It was on the lists of a person, and is there now; its tools wait for approval. */
  | { readonly kind: 'added'; readonly name: string }
  /** It cannot be proposed; both texts are ours. */
  | { readonly kind: 'refused'; readonly why: string; readonly fix: string };

/** Proposals that wait for a person. */
export interface ProposalStore {
  readonly onDidChange: Event<void>;
  /** Oldest first. */
  readonly all: readonly Proposal[];
  /** Keeps one more. @returns false when there are too many, of this agent or altogether */
  add(proposal: Proposal): Promise<boolean>;
  /** Takes one out. @returns it, or undefined when it is gone */
  take(id: string): Promise<Proposal | undefined>;
  dispose(): void;
}
