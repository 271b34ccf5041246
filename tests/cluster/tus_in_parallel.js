// Uploads a file by tus-js-client, as the browser has it, in four parts at once. Node has no XMLHttpRequest:
// the library takes another way to send requests, here fetch.
const [bundle, endpoint, token, path, name] = process.argv.slice(2);
globalThis.window = { XMLHttpRequest: class {}, Blob };
const tus = require(bundle);

class FetchRequest {
  constructor(method, url) {
    Object.assign(this, { method, url, headers: {} });
  }
  getMethod() { return this.method; }
  getURL() { return this.url; }
  setHeader(header, value) { this.headers[header] = value; }
  getHeader(header) { return this.headers[header]; }
  setProgressHandler() {}
  getUnderlyingObject() { return null; }
  abort() { return Promise.resolve(); }
  async send(body = null) {
    const reply = await fetch(this.url, { method: this.method, headers: this.headers, body });
    const text = await reply.text();
    return {
      getStatus: () => reply.status,
      getHeader: (header) => reply.headers.get(header) ?? undefined,
      getBody: () => text,
      getUnderlyingObject: () => null,
    };
  }
}

const bytes = require("node:fs").readFileSync(path);
const upload = new tus.Upload(new Blob([bytes]), {
  endpoint,
  parallelUploads: 4,
  chunkSize: 3 * 1024 * 1024,
  retryDelays: null,
  headers: { Authorization: `Token ${token}` },
  metadata: { filename: name },
  httpStack: { createRequest: (method, url) => new FetchRequest(method, url), getName: () => "fetch" },
  onError(error) {
    console.error(String(error));
    process.exitCode = 1;
  },
  onSuccess() { console.log(upload.url); },
});
upload.start();
