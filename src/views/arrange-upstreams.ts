import type { Dialogs } from './dialogs.ts';
import type { GatewayHost } from './gateway-host.ts';
import { BY_KEY } from './ids.ts';
import { t } from './l10n.ts';
import { FILTER_WORDS } from './present/tree-filter.ts';
import { readTarget } from './target.ts';
import { oneLine } from './text.ts';
import type { UpstreamsView } from './upstreams-view.ts';

interface ArrangeContext {
  readonly host: Pick<GatewayHost, 'snapshot'>;
  readonly dialogs: Dialogs;
  readonly upstreams: Pick<UpstreamsView, 'filter' | 'setFilter' | 'step' | 'selected'>;
}

/** Narrows the Upstreams view while a person types; leaving without Enter puts back what it was narrowed to. */
export async function filterUpstreams({ dialogs, upstreams }: ArrangeContext): Promise<void> {
  const before = upstreams.filter;
  const text = await dialogs.prompt({
    title: t('Filter servers and tools'),
    prompt: t('Words of their names that must all be found. {0} stand for a state.', FILTER_WORDS.join(' ')),
    placeholder: 'github @review',
    value: before,
    check: (typed) => {
      upstreams.setFilter(typed);
      return undefined;
    },
  });
  upstreams.setFilter(text ?? before);
}

/**
 * Moves a server one place up (-1) or down (1): that of a row, with `BY_KEY` the selected one, else one that a person picks.
 */
export async function arrange({ host, dialogs, upstreams }: ArrangeContext, item: unknown, by: -1 | 1): Promise<void> {
  const names = host.snapshot().upstreams.map(({ name }) => name);
  const server = readTarget(item)?.server ?? (item === BY_KEY ? upstreams.selected : undefined) ?? (await dialogs.pick(t('Move which server?'), names.map((value) => ({ label: oneLine(value, 60), value }))));
  if (server !== undefined) await upstreams.step(server, by);
}
