// Sends a file by tus-js-client, as the browser has it, going on with what an earlier run left unfinished.
// Prints the URL of the upload and what was asked and answered, as JSON.
const { readFileSync } = require("node:fs");
const { httpStack } = require("./requests.js");
const { storageIn } = require("./storage.js");

const [bundle, endpoint, token, path, name, settings] = process.argv.slice(2);
const { abortAt = Infinity, storage, ...options } = JSON.parse(settings);
const localStorage = storageIn(storage);
Object.defineProperty(globalThis, "localStorage", { value: localStorage });
globalThis.window = { XMLHttpRequest: class {}, Blob, localStorage };
const tus = require(bundle);

const exchanges = [];
let isDone = false;
const upload = new tus.Upload(new Blob([readFileSync(path)]), {
  endpoint,
  headers: { Authorization: `Token ${token}` },
  metadata: { filename: name },
  httpStack,
  ...options,
  onProgress(sent) {
    if (sent >= abortAt) upload.abort();
  },
  onAfterResponse(request, reply) {
    const offset = reply.getHeader("Upload-Offset") ?? null;
    exchanges.push({ method: request.getMethod(), status: reply.getStatus(), offset: offset && Number(offset) });
  },
  onError(error) {
    console.error(String(error));
    process.exitCode = 1;
  },
  onSuccess() { isDone = true; },
});
process.on("exit", () => console.log(JSON.stringify({ url: upload.url, isDone, exchanges })));

upload.findPreviousUploads().then(([previous]) => {
  if (previous) upload.resumeFromPreviousUpload(previous);
  upload.start();
});
