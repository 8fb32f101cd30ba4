// Imported first by each bundle: texts that modules keep in constants are looked up when the modules are loaded.
import { l10n } from 'vscode';
import { translateWith } from './l10n.ts';

translateWith((message, ...values) => l10n.t(message, ...values));
