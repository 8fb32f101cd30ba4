import type { Side } from '../side.ts';
import type { Column } from '../types.ts';

/** A row of the matrix. */
export interface Feature {
  readonly name: string;
  /** Does everything there is to the feature on one side; what it returns is compared with the other side's. */
  run(side: Side): Promise<unknown>;
  /** Why there is nothing to compare in a column; undefined where there is. */
  without?(column: Column): string | undefined;
}

/** For what the modern era took out of the protocol. */
export function legacyOnly({ agent, upstream }: Column): string | undefined {
  return agent === 'modern' || upstream === 'modern' ? 'not part of 2026-07-28' : undefined;
}
