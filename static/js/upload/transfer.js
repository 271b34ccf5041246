// One file on its way: states, figures, and tus underneath. What it looks like is the tray's affair.
//
// waiting → sending ⇄ paused → copying → done, or failed / cancelled.

import { signedOut, token } from "../api.js";
import { _ } from "../gettext.js";
import { watch } from "../watch.js";
import { reader, SLICE_BYTES } from "./source.js";

const RETRY_DELAYS_MS = [500, 1500, 4000, 8000, 15_000, 30_000, 30_000, 30_000];
const SMALL_BYTES = 4 * 2 ** 20;
const STALLED_MS = 45_000;
const SPEED_OVER_MS = 4000;
// Trying again helps against no answer, a server in trouble, and an upload that stands elsewhere than thought.
const TO_LOOK_AGAIN = new Set(["offset_mismatch", "upload_taken_over", "upload_cut"]);

export const pathOf = (url) => new URL(url, window.location).pathname;

export class Transfer {
  constructor({ file, parent, onConflict, looks }, changed) {
    Object.assign(this, { file, parent, onConflict, looks, changed });
    this.name = file.name.normalize("NFC");
    this.state = "waiting";
    this.sent = 0;
    this.words = _("Waiting");
    this.entryId = null;
    this.samples = [];
  }

  get size() {
    return this.file.size;
  }

  // Where the server has it, once it is known.
  get path() {
    return this.upload?.url ? pathOf(this.upload.url) : null;
  }

  get isOpen() {
    return ["waiting", "sending", "paused"].includes(this.state);
  }

  // Bytes a second over the last moments.
  get speed() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || last.at - first.at < 250) return 0;
    return ((last.sent - first.sent) * 1000) / (last.at - first.at);
  }

  async start() {
    if (!["waiting", "paused", "failed"].includes(this.state)) return;
    this.#become("sending", "");
    this.samples = [];
    if (!this.upload) this.upload = this.#prepare();
    if (!this.upload.url) {
      const [earlier] = await this.upload.findPreviousUploads();
      if (earlier) this.upload.resumeFromPreviousUpload(earlier);
    }
    if (this.state === "sending") {
      this.upload.start();
      this.#mind();
    }
  }

  pause() {
    if (this.state === "waiting" || this.state === "sending") this.#stop("paused", _("Paused"));
  }

  async cancel() {
    this.#stop("cancelled", _("Cancelled"));
    if (this.upload?.url) await this.upload.abort(true).catch(() => {}); // else it expires by itself
  }

  #stop(state, words) {
    clearTimeout(this.minder);
    this.upload?.abort();
    this.#become(state, words);
  }

  #prepare() {
    return new window.tus.Upload(this.file, {
      endpoint: "/api/v1/uploads",
      chunkSize: SLICE_BYTES,
      fileReader: reader,
      uploadDataDuringCreation: this.size <= SMALL_BYTES, // what breaks off before the address is known begins anew
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      fingerprint: async (file) => ["dfsweb", this.parent, this.name, file.size, file.lastModified, this.onConflict].join("/"),
      metadata: {
        filename: this.name,
        parent: this.parent,
        filetype: this.file.type || "application/octet-stream",
        mtime: new Date(this.file.lastModified).toISOString(),
        on_conflict: this.onConflict,
      },
      onProgress: (sent) => this.#progress(sent),
      onShouldRetry: (error) => mayPass(error.originalResponse),
      onBeforeRequest: (request) => request.setHeader("X-CSRFToken", token()),
      onAfterResponse: (request, response) => {
        this.entryId = response.getHeader("Dfs-Entry") || this.entryId;
      },
      onSuccess: () => this.#saved(),
      onError: (error) => this.#failed(error),
    });
  }

  #progress(sent) {
    if (this.state !== "sending") return;
    const at = performance.now();
    this.sent = sent;
    const recent = this.samples.filter((sample) => at - sample.at < SPEED_OVER_MS && sample.sent <= sent);
    this.samples = [...recent, { at, sent }];
    this.#mind();
    this.changed(this);
  }

  // Bytes that stand still are asked for again: the server tells how far they came.
  #mind() {
    clearTimeout(this.minder);
    this.minder = setTimeout(async () => {
      if (this.state !== "sending") return;
      await this.upload.abort();
      if (this.state === "sending") this.upload.start();
      this.#mind();
    }, STALLED_MS);
  }

  #saved() {
    clearTimeout(this.minder);
    this.sent = this.size;
    this.#become("copying", _("Saved"));
    document.dispatchEvent(new CustomEvent("entry:arrived", { detail: { id: this.entryId, parent: this.parent } }));
    if (this.entryId && this.size) watch(this.entryId, { parent: this.parent, tell: (mark) => this.#told(mark) });
    else this.#become("done", _("Saved"));
  }

  #told({ tone, words, drawn }) {
    this.drawn = drawn?.cloneNode(true); // its copies
    if (tone === "full") this.#become("done", _("Saved on %(words)s nodes", { words }));
    else if (tone === "busy") this.#become("copying", /^2\D+3$/.test(words) ? _("Saved on %(words)s nodes. Third copy on the way", { words }) : _("Saved on %(words)s nodes. More copies on the way", { words }));
    else this.#become("copying", _("Saved on %(words)s nodes", { words }));
  }

  #failed(error) {
    clearTimeout(this.minder);
    if (this.state !== "sending") return;
    const response = error.originalResponse;
    if (response?.getStatus() === 401) signedOut();
    if (response?.getStatus() === 410 || response?.getStatus() === 404) this.upload = null; // begin anew on retry
    this.#become("failed", reason(response));
  }

  #become(state, words) {
    this.state = state;
    this.words = words;
    this.changed(this);
  }
}

function mayPass(response) {
  const status = response?.getStatus() ?? 0;
  if (status === 0 || status === 423 || status === 429 || (status >= 500 && status !== 507)) return true;
  return TO_LOOK_AGAIN.has(problem(response).code);
}

function problem(response) {
  try {
    return JSON.parse(response.getBody());
  } catch {
    return {};
  }
}

function reason(response) {
  if (!response) return _("Not sent: the connection is gone. Try again when it is back.");
  const { detail } = problem(response);
  return detail ? _("Not sent. %(detail)s", { detail }) : _("Not sent: the server did not take it. Try again in a moment.");
}
