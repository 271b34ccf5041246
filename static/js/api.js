// Speaks to the server as the signed-in person: JSON of the API, and parts of pages.

import { _ } from "./gettext.js";

const TIMEOUT_MS = 30_000;
const KEPT_ALIVE_BYTES = 8192; // browsers refuse more than 64 KiB of all requests that are on their way so

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || _("The server did not understand."));
    this.status = status;
    this.code = body.code || "";
    this.facts = body;
    const [first] = body.errors || [];
    this.hint = (first && (first.detail || first.message)) || this.message;
  }
}

// From its cookie, not from the page: whoever signs in again in another tab has a new one.
export const token = () => cookie("__Host-csrftoken") ?? cookie("csrftoken") ?? "";

const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);

export async function call(method, path, body, more = {}) {
  const headers = { Accept: "application/json", "X-CSRFToken": token(), ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const keepalive = method !== "GET" && new Blob([text ?? ""]).size <= KEPT_ALIVE_BYTES; // what was asked for is done though the page is left at once
  const response = await reach(path, { method, headers, keepalive, body: text });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401) throw signedOut();
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

// A session that has ended is said in one place, and the page stays: what was typed or is being sent is not lost.
export function signedOut() {
  document.dispatchEvent(new CustomEvent("signed:out"));
  return new Problem(401, { detail: _("You are signed out.") });
}

// Returns the part of a page, or null when what it shows is no longer there. With a body it is asked for by POST.
export async function part(path, body) {
  const asking = body === undefined ? { headers: { Accept: "text/html" } } : { method: "POST", headers: { Accept: "text/html", "X-CSRFToken": token() }, body: JSON.stringify(body) };
  const response = await reach(path, asking);
  if (response.status === 404) return null;
  if (response.redirected) throw signedOut();
  if (!response.ok) throw new Problem(response.status, {});
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

// The answer of the server, or a problem in words when there is none.
export async function reach(path, options) {
  try {
    return await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch (error) {
    if (error.name === "TimeoutError") throw new Problem(0, { detail: _("The server takes too long to answer. Try again.") });
    throw new Problem(0, { detail: _("The connection is gone. Try again when it is back.") });
  }
}
