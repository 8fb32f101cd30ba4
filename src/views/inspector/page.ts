import { t } from '../l10n.ts';
import { QUERY_WORDS } from './call-query.ts';

/** What the page's markup needs of the webview it is for. */
export interface PageSources {
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** Fresh for each page, hexadecimal. */
  readonly nonce: string;
  /** Likewise. The component library tries out one rule in a style element of its own and looks here for its nonce. */
  readonly styleNonce: string;
  /** Of the editor, as BCP 47. */
  readonly language: string;
  readonly script: string;
  readonly style: string;
}

/**
 * The inspector's page. Nothing is inline, nothing is fetched but our own script and style, and no text that came
 * from outside is part of it: the script fills it through `textContent` alone (security U3).
 */
export function inspectorPage({ cspSource, language, nonce, styleNonce, script, style }: PageSources): string {
  const csp = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${styleNonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${x(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${x(t('Vestibule inspector'))}</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<main>
<h1 class="spoken">${x(t('Vestibule inspector'))}</h1>
<vscode-panels id="tabs" aria-label="${x(t('Inspector'))}">
<vscode-panel-tab id="tab-calls">${x(t('Calls'))}</vscode-panel-tab>
<vscode-panel-tab id="tab-search">${x(t('Tool search'))}</vscode-panel-tab>
<vscode-panel-tab id="tab-tokens">${x(t('Tokens & latency'))}</vscode-panel-tab>
<vscode-panel-view id="view-calls">${callsTab()}</vscode-panel-view>
<vscode-panel-view id="view-search">${searchTab()}</vscode-panel-view>
<vscode-panel-view id="view-tokens">${tokensTab()}</vscode-panel-view>
</vscode-panels>
</main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}

function callsTab(): string {
  return `
<div class="tab">
<div class="toolbar">
<vscode-text-field id="calls-text" placeholder="${x(t('words anywhere, or {0}', 'server:github tool:create outcome:refused slower:500ms since:1h'))}" title="${x(t('Words with a value: {0}', QUERY_WORDS.map((word) => `${word}:`).join(' ')))}">${x(t('Filter calls'))}</vscode-text-field>
<div class="field">
<label for="calls-outcome">${x(t('Outcome'))}</label>
<vscode-dropdown id="calls-outcome" aria-label="${x(t('Outcome'))}"></vscode-dropdown>
</div>
<vscode-button id="calls-export" appearance="secondary">${x(t('Export…'))}</vscode-button>
</div>
<p id="calls-status" class="status"></p>
<p id="calls-said" class="spoken" role="status" aria-live="polite"></p>
<div id="calls-scroll" role="region" aria-label="${x(t('Calls'))}" tabindex="0">
<table id="calls">
<caption class="spoken">${x(t('Tool calls, newest first until sorted. The button in a row shows its details; arrow keys, Page Up, Page Down, Home and End move between rows.'))}</caption>
<thead><tr id="calls-head"></tr></thead>
<tbody id="calls-body"></tbody>
</table>
</div>
<section id="detail" aria-labelledby="detail-title" tabindex="-1" hidden>
<div class="toolbar"><h2 id="detail-title"></h2><vscode-button id="detail-close" appearance="secondary">${x(t('Close'))}</vscode-button></div>
<p id="detail-status" role="status" aria-live="polite"></p>
<dl id="detail-facts"></dl>
<div class="toolbar">
<vscode-button id="detail-open" appearance="secondary">${x(t('Open in Editor'))}</vscode-button>
<vscode-button id="detail-full" appearance="secondary">${x(t('Open Full Result'))}</vscode-button>
<vscode-button id="detail-compare" appearance="secondary">${x(t('Compare with the Call Before'))}</vscode-button>
<vscode-button id="detail-again" appearance="secondary">${x(t('Call Again…'))}</vscode-button>
</div>
<section id="again" aria-labelledby="again-title" hidden>
<h3 id="again-title">${x(t('Call again, as yourself'))}</h3>
<label for="again-arguments">${x(t('Arguments, as JSON'))}</label>
<textarea id="again-arguments" rows="8" spellcheck="false"></textarea>
<div class="toolbar"><vscode-button id="again-run">${x(t('Call'))}</vscode-button></div>
</section>
<p id="again-status" role="status" aria-live="polite"></p>
<pre id="again-result" tabindex="0" role="region" aria-label="${x(t('Answer'))}" hidden></pre>
<h3 id="detail-arguments-title">${x(t('Arguments, redacted'))}</h3>
<pre id="detail-arguments" tabindex="0" role="region" aria-labelledby="detail-arguments-title"></pre>
<h3 id="detail-changes-title">${x(t('Other than in the call of this tool before'))}</h3>
<ul id="detail-changes"></ul>
<h3 id="detail-result-title">${x(t('Result, redacted'))}</h3>
<pre id="detail-result" tabindex="0" role="region" aria-labelledby="detail-result-title"></pre>
<section id="detail-stages" aria-labelledby="detail-stages-title" hidden>
<h3 id="detail-stages-title">${x(t('Where the time went'))}</h3>
<table>
<thead><tr><th scope="col">${x(t('Stage'))}</th><th scope="col" class="numeric">${x(t('Began after'))}</th><th scope="col" class="numeric">${x(t('Took'))}</th><th scope="col" class="bar">${x(t('Picture'))}</th></tr></thead>
<tbody id="detail-stages-body"></tbody>
</table>
</section>
</section>
</div>
`;
}

function searchTab(): string {
  return `
<div class="tab">
<div class="toolbar">
<vscode-text-field id="search-text" placeholder="${x(t('what the agent wants to do'))}">${x(t('Search as an agent would'))}</vscode-text-field>
<vscode-button id="search-run">${x(t('Search'))}</vscode-button>
</div>
<p id="search-status" role="status" aria-live="polite"></p>
<table id="results" hidden>
<caption class="spoken">${x(t('Tools an agent would be offered, best first'))}</caption>
<thead><tr><th scope="col" class="numeric">${x(t('Score'))}</th><th scope="col">${x(t('Tool'))}</th><th scope="col">${x(t('Risk and description'))}</th><th scope="col" class="numeric">${x(t('Tokens'))}</th><th scope="col">${x(t('Why: each word’s part of the score'))}</th></tr></thead>
<tbody id="results-body"></tbody>
</table>
<section id="hidden" aria-labelledby="hidden-title" hidden>
<h2 id="hidden-title">${x(t('Not offered, though words of the query stand in them'))}</h2>
<table>
<thead><tr><th scope="col">${x(t('Tool'))}</th><th scope="col">${x(t('Why not'))}</th></tr></thead>
<tbody id="hidden-body"></tbody>
</table>
</section>
</div>
`;
}

function tokensTab(): string {
  return `
<div class="tab">
<div id="tokens-notes" role="status" aria-live="polite"></div>
<p id="tokens-key" class="faint" hidden><span class="key value"></span>${x(t('its list'))} <span class="key other"></span>${x(t('all tools'))}</p>
<table id="tokens" hidden>
<caption class="spoken">${x(t('Tokens of each connected agent'))}</caption>
<thead><tr><th scope="col">${x(t('Agent'))}</th><th scope="col" class="numeric">${x(t('Its list, per request'))}</th><th scope="col" class="numeric">${x(t('All tools, per request'))}</th><th scope="col" class="numeric">${x(t('Menu answers'))}</th><th scope="col" class="numeric">${x(t('Tool answers'))}</th><th scope="col" class="numeric">${x(t('Kept out by shortening'))}</th></tr></thead>
<tbody id="tokens-body"></tbody>
</table>
<section id="latency" aria-labelledby="latency-title" hidden>
<h2 id="latency-title">${x(t('How long tools take'))}</h2>
<div id="latency-time"></div>
<table>
<caption class="spoken">${x(t('The tools called most among the calls that are shown, busiest first'))}</caption>
<thead><tr><th scope="col">${x(t('Tool'))}</th><th scope="col" class="numeric">${x(t('Calls'))}</th><th scope="col" class="numeric">${x(t('Not ok'))}</th><th scope="col" class="numeric">${x(t('Half took less than'))}</th><th scope="col" class="numeric">${x(t('19 of 20 took less than'))}</th><th scope="col" class="bar"><span class="key value"></span>${x(t('half'))} <span class="key other"></span>${x(t('19 of 20'))}</th></tr></thead>
<tbody id="latency-body"></tbody>
</table>
</section>
</div>
`;
}

/** Text for markup: also a translation is text. */
function x(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
