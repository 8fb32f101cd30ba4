import { fill, translateWith } from '../src/views/l10n.ts';
import type { Tab } from '../src/views/inspector/messages.ts';
import { CallsTab } from './calls.ts';
import { registerComponents, tabStrip } from './components.ts';
import { throttled } from './dom.ts';
import { Host } from './host.ts';
import { TokensTab } from './tokens.ts';
import { SearchTab } from './search.ts';

void start();

/** Shows the page once the host has said in which language. */
async function start(): Promise<void> {
  const host = new Host();
  host.reportErrors();
  registerComponents();
  const { language, texts } = await host.connect();
  document.documentElement.lang = language;
  translateWith((message, ...values) => fill(texts[message] ?? message, ...values));

  const tabs = tabStrip('tabs');
  const recalled = host.recall();
  const calls = new CallsTab(host, recalled.calls ?? {}, remember);
  const tokens = new TokensTab(host, () => calls.calls);
  const search = new SearchTab(host, recalled.query ?? '', remember);
  const countAgain = throttled(1000, () => void tokens.load());
  // Searching again is for what changed in the catalog; a call by itself changes nothing a search shows.
  const searchAgain = throttled(1000, () => void search.load());

  show(recalled.tab ?? 'calls');
  tabs.addEventListener('change', () => {
    remember();
    if (activeTab() === 'tokens') void tokens.load();
  });

  host.hear((message) => {
    switch (message.type) {
      case 'show':
        show(message.tab);
        if (message.tab === 'search') search.focus();
        if (message.tab === 'tokens') void tokens.load();
        break;
      case 'called':
        calls.called(message.rows);
        if (activeTab() === 'tokens') countAgain();
        break;
      case 'changed':
        calls.changed();
        if (activeTab() === 'search') searchAgain();
        if (activeTab() === 'tokens') countAgain();
        break;
    }
  });
  void calls.load();
  void search.load();
  void tokens.load();

  function activeTab(): Tab {
    if (tabs.activeid === 'tab-tokens') return 'tokens';
    return tabs.activeid === 'tab-search' ? 'search' : 'calls';
  }

  function show(tab: Tab): void {
    tabs.activeid = `tab-${tab}`;
  }

  function remember(): void {
    host.remember({ tab: activeTab(), calls: calls.state, query: search.query });
  }
}
