export function layOutPackage(folder: string): Promise<string>;
