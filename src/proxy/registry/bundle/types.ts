/** A bundle (`.mcpb`) as a registry names it. Both are the publisher's words, checked for their form only. */
export interface BundleRef {
  /** https, or http on this very machine. */
  readonly url: string;
  /** 64 hexadecimal digits, lower case. */
  readonly sha256: string;
}

/** Where bundles are unpacked to, and for what. */
export interface BundleMachine {
  /** The person's data folder, absolute. */
  readonly dataDir: string;
  readonly platform: NodeJS.Platform;
}
