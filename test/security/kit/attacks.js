/* global window, document, navigator, fetch, EventSource, WebSocket */
/* What a hostile page does. Runs in the page; every function resolves with what a script there can find out. */

window.attacks = {
  /** One fetch. A response that can be read shows its status and text. */
  async fetch({ url, ...init }) {
    try {
      const response = await fetch(url, init);
      return response.type === 'opaque' ? 'opaque' : `${response.status} ${await response.text()}`;
    } catch {
      return 'refused';
    }
  },

  /** The statuses of several requests to the page's own origin. */
  statuses(requests) {
    return Promise.all(requests.map(async ({ path, ...init }) => (await fetch(path, init)).status));
  },

  beacon({ url, body }) {
    return navigator.sendBeacon(url, body);
  },

  /** Loads a URL as a picture, a script and a style sheet. */
  subresources(url) {
    const load = (tag, attributes) =>
      new Promise((resolve) => {
        const element = Object.assign(document.createElement(tag), attributes);
        element.addEventListener('load', () => resolve(`${tag} loaded`));
        element.addEventListener('error', () => resolve('refused'));
        document.body.append(element);
      });
    return Promise.all([load('img', { src: url }), load('script', { src: url }), load('link', { rel: 'stylesheet', href: url })]);
  },

  /** What the page can read of a frame with this URL. */
  frame(url) {
    return new Promise((resolve) => {
      const iframe = document.createElement('iframe');
      iframe.addEventListener('load', () => {
        try {
          resolve(`read ${iframe.contentDocument.body.innerText}`);
        } catch {
          resolve('unreadable');
        }
      });
      iframe.src = url;
      document.body.append(iframe);
    });
  },

  /** Submits a form whose body reads as JSON: the name of its only field is the whole message. */
  form({ url, body }) {
    return new Promise((resolve) => {
      const sink = Object.assign(document.createElement('iframe'), { name: 'sink' });
      const form = Object.assign(document.createElement('form'), { action: url, method: 'POST', enctype: 'text/plain', target: 'sink' });
      form.append(Object.assign(document.createElement('input'), { name: body, value: '' }));
      document.body.append(sink, form);
      sink.addEventListener('load', () => resolve('answered'));
      form.submit();
    });
  },

  events(url) {
    return new Promise((resolve) => {
      const source = new EventSource(url);
      source.onopen = () => resolve('opened');
      source.onerror = () => {
        source.close();
        resolve('refused');
      };
    });
  },

  socket({ url, protocols }) {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, protocols);
      socket.onopen = () => resolve('opened');
      socket.onerror = () => resolve('refused');
    });
  },

  /** One fetch out of a sandboxed frame, whose origin is `null`. */
  sandboxed({ url, ...init }) {
    return new Promise((resolve) => {
      window.addEventListener('message', ({ data }) => resolve(data), { once: true });
      const iframe = document.createElement('iframe');
      iframe.sandbox.add('allow-scripts');
      const report = ".then((r) => 'read ' + r.status, () => 'refused').then((text) => parent.postMessage(text, '*'))";
      iframe.srcdoc = `<script>fetch(${JSON.stringify(url)}, ${JSON.stringify(init)})${report}</script>`;
      document.body.append(iframe);
    });
  },
};
