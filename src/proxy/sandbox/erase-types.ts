import { transform } from 'sucrase';

/**
 * JavaScript of TypeScript: types erased, every line where it was.
 * @returns undefined when it is no TypeScript either
 */
export function eraseTypes(code: string): string | undefined {
  try {
    return transform(code, { transforms: ['typescript'], disableESTransforms: true, keepUnusedImports: true }).code;
  } catch {
    return undefined;
  }
}
