import type { InputEntry, ServerEntry } from '../config/edit.ts';
import type { BundleRef } from './bundle/types.ts';

/** One way to use a server: a package that is started, an address that is dialled, or a bundle that is fetched first. */
export type Offer = ReadyOffer | BundleOffer;

/** A way whose command or address is known. */
export interface ReadyOffer {
  /** `npm`, `pypi`, `oci`, `nuget`, `http` or `sse`. */
  readonly kind: string;
  /** What is fetched or dialled, untrusted: `@scope/server 1.2.3`, `https://…`. */
  readonly what: string;
  readonly entry: ServerEntry;
  /** Values a person is asked for at the first start. */
  readonly inputs: readonly InputEntry[];
  readonly bundle?: undefined;
}

/** A way whose command is inside a bundle (`mcpb`). */
export interface BundleOffer {
  readonly kind: string;
  readonly what: string;
  readonly bundle: BundleRef;
}

/** A server of a registry. Every text is the publisher's and untrusted. */
export interface RegistryServer {
  /** Reverse DNS and a name: `io.github.owner/server`. */
  readonly name: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly version: string;
  readonly status: 'active' | 'deprecated' | 'deleted';
  readonly repository: string | undefined;
  readonly offers: readonly Offer[];
  /** Ways that cannot be used here, one sentence each. */
  readonly notes: readonly string[];
}

/** One page of an answer. */
export interface RegistryPage {
  readonly servers: readonly RegistryServer[];
  /** Asks for the page after it. */
  readonly next: string | undefined;
  /** Milliseconds since epoch at which the registry answered. */
  readonly at: number;
  /** Set when the registry could not be reached, and this is an older answer. */
  readonly offline: boolean;
}
