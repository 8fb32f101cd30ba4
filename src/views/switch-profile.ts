import type { ChosenProfile } from './chosen-profile.ts';
import type { Choice, Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { Command } from './ids.ts';
import { t } from './l10n.ts';
import { oneLine } from './text.ts';

/** What switching works with. */
export interface SwitchContext {
  readonly host: Pick<GatewayHost, 'start'>;
  readonly dialogs: Pick<Dialogs, 'pick' | 'inform'>;
  readonly profile: ChosenProfile;
}

/** Asks which profile the editor's own agents come through in this workspace; only a person's pick changes it. */
export async function switchProfile({ dialogs, host, profile }: SwitchContext, run: (command: string) => unknown): Promise<void> {
  const { profiles = [] } = (await host.start()).snapshot();
  const chosen = profile.name;
  if (profiles.length === 0 && chosen === undefined) {
    dialogs.inform(t('No profile is written yet: add "profiles" to a servers file.'), { label: t('Edit Servers File'), run: () => run(Command.editServers) });
    return;
  }
  const now = (is: boolean): Pick<Choice<string>, 'description'> => (is ? { description: t('now') } : {});
  const choices: readonly Choice<string>[] = [
    { label: t('Everything'), ...now(chosen === undefined), value: '' },
    ...profiles.map((name) => ({ label: oneLine(name, 60), ...now(name === chosen), value: name })),
  ];
  const picked = await dialogs.pick(t('What do the agents of this workspace see?'), choices);
  if (picked !== undefined) profile.choose(picked === '' ? undefined : picked);
}
