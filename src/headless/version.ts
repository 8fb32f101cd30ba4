/** The version of the package; the build writes it in. */
export const VERSION: string = process.env['VESTIBULE_VERSION'] ?? '0.0.0-dev';
