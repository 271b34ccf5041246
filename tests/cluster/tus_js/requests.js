// How tus-js-client sends requests where there is no XMLHttpRequest: by Node's own module. A body goes out
// bit by bit and its progress is told, as a browser does it; an abort cuts the connection.
const http = require("node:http");

const BIT = 64 * 1024;

class HttpRequest {
  constructor(method, url) {
    Object.assign(this, { method, url, headers: {}, tellProgress() {} });
  }
  getMethod() { return this.method; }
  getURL() { return this.url; }
  setHeader(header, value) { this.headers[header] = value; }
  getHeader(header) { return this.headers[header]; }
  setProgressHandler(handler) { this.tellProgress = handler; }
  getUnderlyingObject() { return null; }
  async abort() { this.sent?.destroy(new Error("aborted")); }

  async send(body = null) {
    const bytes = Buffer.from((await body?.arrayBuffer()) ?? []);
    const headers = { ...this.headers, "Content-Length": bytes.length };
    this.sent = http.request(this.url, { method: this.method, headers });
    const replied = new Promise((resolve, reject) => this.sent.on("response", resolve).on("error", reject));
    replied.catch(() => {}); // an abort while the body goes out is told by `write`
    for (let start = 0; start < bytes.length; start += BIT) {
      await this.write(bytes.subarray(start, start + BIT));
      this.tellProgress(Math.min(start + BIT, bytes.length));
    }
    this.sent.end();
    const reply = await replied;
    const bits = [];
    for await (const bit of reply) bits.push(bit);
    return {
      getStatus: () => reply.statusCode,
      getHeader: (header) => reply.headers[header.toLowerCase()],
      getBody: () => Buffer.concat(bits).toString(),
      getUnderlyingObject: () => null,
    };
  }

  write(bytes) {
    return new Promise((resolve, reject) => {
      this.sent.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

exports.httpStack = { createRequest: (method, url) => new HttpRequest(method, url), getName: () => "node:http" };
