export function buildAll(folder?: string): Promise<{ built: { file: string; bytes: number }[]; missing: string[] }>;
