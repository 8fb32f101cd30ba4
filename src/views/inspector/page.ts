/** What the page's markup needs of the webview it is for. */
export interface PageSources {
  /** `webview.cspSource`. */
  readonly cspSource: string;
  /** Fresh for each page, hexadecimal. */
  readonly nonce: string;
  /** Likewise. The component library tries out one rule in a style element of its own and looks here for its nonce. */
  readonly styleNonce: string;
  readonly script: string;
  readonly style: string;
}

/**
 * The inspector's page. Nothing is inline, nothing is fetched but our own script and style, and no text that came
 * from outside is part of it: the script fills it through `textContent` alone (security U3).
 */
export function inspectorPage({ cspSource, nonce, styleNonce, script, style }: PageSources): string {
  const csp = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${styleNonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${csp}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Vestibule inspector</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<vscode-panels id="tabs" aria-label="Inspector">
<vscode-panel-tab id="tab-calls">Calls</vscode-panel-tab>
<vscode-panel-tab id="tab-search">Tool search</vscode-panel-tab>
<vscode-panel-tab id="tab-tokens">Tokens</vscode-panel-tab>
<vscode-panel-view id="view-calls">
<div class="tab">
<div class="toolbar">
<vscode-text-field id="calls-text" placeholder="server, tool, agent or argument">Filter calls</vscode-text-field>
<label for="calls-outcome">Outcome</label>
<vscode-dropdown id="calls-outcome"></vscode-dropdown>
</div>
<p id="calls-status" role="status" aria-live="polite"></p>
<table id="calls">
<caption class="spoken">Tool calls, newest first until sorted. The button in a row shows its details.</caption>
<thead><tr id="calls-head"></tr></thead>
<tbody id="calls-body"></tbody>
</table>
<section id="detail" aria-labelledby="detail-title" tabindex="-1" hidden>
<div class="toolbar"><h2 id="detail-title"></h2><vscode-button id="detail-close" appearance="secondary">Close</vscode-button></div>
<dl id="detail-facts"></dl>
<h3>Arguments, redacted</h3>
<pre id="detail-arguments" tabindex="0"></pre>
<div class="toolbar">
<vscode-button id="detail-full" appearance="secondary">Open Full Result</vscode-button>
<vscode-button id="detail-again" appearance="secondary">Call Again…</vscode-button>
</div>
<section id="again" aria-labelledby="again-title" hidden>
<h3 id="again-title">Call again, as yourself</h3>
<label for="again-arguments">Arguments, as JSON</label>
<textarea id="again-arguments" rows="8" spellcheck="false"></textarea>
<div class="toolbar"><vscode-button id="again-run">Call</vscode-button></div>
</section>
<p id="again-status" role="status" aria-live="polite"></p>
<pre id="again-result" tabindex="0" aria-label="Answer" hidden></pre>
</section>
</div>
</vscode-panel-view>
<vscode-panel-view id="view-search">
<div class="tab">
<div class="toolbar">
<vscode-text-field id="search-text" placeholder="what the agent wants to do">Search as an agent would</vscode-text-field>
<vscode-button id="search-run">Search</vscode-button>
</div>
<p id="search-status" role="status" aria-live="polite"></p>
<table id="results" hidden>
<caption class="spoken">Tools an agent would be offered, best first</caption>
<thead><tr><th scope="col" class="numeric">Score</th><th scope="col">Tool</th><th scope="col">Risk</th><th scope="col">Description</th><th scope="col">Why</th></tr></thead>
<tbody id="results-body"></tbody>
</table>
</div>
</vscode-panel-view>
<vscode-panel-view id="view-tokens">
<div class="tab">
<div id="tokens-notes" role="status" aria-live="polite"></div>
<table id="tokens" hidden>
<caption class="spoken">Tokens of each connected agent</caption>
<thead><tr><th scope="col">Agent</th><th scope="col" class="numeric">Its list, per request</th><th scope="col" class="numeric">All tools, per request</th><th scope="col" class="numeric">Menu answers</th><th scope="col" class="numeric">Tool answers</th><th scope="col" class="numeric">Kept out by shortening</th></tr></thead>
<tbody id="tokens-body"></tbody>
</table>
</div>
</vscode-panel-view>
</vscode-panels>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
