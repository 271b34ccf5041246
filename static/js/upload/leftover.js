// Uploads that a page left unfinished: says so when the next one opens, takes the same files again, or forgets them.

import { call, token } from "../api.js";
import { button, icon, make } from "../dom.js";
import { _, ngettext } from "../gettext.js";
import { announce, orSay, toast } from "../toast.js";
import { percent, things } from "../words.js";
import * as queue from "./queue.js";
import { pathOf } from "./transfer.js";

const KEY = /^tus::dfsweb\/([^/]+)\/([^/]+)\/(\d+)\/(\d+)\/(\w+)::/; // as transfer.js has its fingerprint
const NAMED = 3;
const RETRY_DELAYS_MS = [500, 1500, 4000, 8000]; // what was cut off may be locked for some seconds
const GAP_PX = 8; // below it
const ANSWER_MS = 500; // other windows answer in a few
const windows = new BroadcastChannel("dfsweb-uploads");
let left = [];

// Tells of those that the server knows, too: the others have ended meanwhile, or are another person's.
export async function start() {
  windows.addEventListener("message", ({ data }) => data === "who?" && windows.postMessage(queue.all().map((one) => one.path).filter(Boolean)));
  const kept = remembered();
  if (!kept.length) return;
  const [{ results }, elsewhere] = await Promise.all([call("GET", "/api/v1/uploads?limit=1000"), ofOtherWindows()]);
  const known = new Map(results.map((one) => [pathOf(one.url), one]));
  const isLeft = ({ path }) => known.has(path) && !elsewhere.has(path);
  left = kept.filter(isLeft).map((one) => ({ ...one, sent: known.get(one.path).offset }));
  queue.onChange((one) => one?.path && settle([one.path]));
  show();
  if (left.length) announce(title());
}

// What is in another window's tray is not left over.
async function ofOtherWindows() {
  const paths = new Set();
  windows.addEventListener("message", ({ data }) => Array.isArray(data) && data.forEach((path) => paths.add(path)));
  windows.postMessage("who?");
  await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
  return paths;
}

function remembered() {
  const found = [];
  for (const key of Object.keys(localStorage)) {
    const [, parent, name, size, time, onConflict] = KEY.exec(key) ?? [];
    const url = parent && JSON.parse(localStorage.getItem(key)).uploadUrl;
    if (url) found.push({ key, parent, name, size: Number(size), time: Number(time), onConflict, path: pathOf(url) });
  }
  return found;
}

const title = () => ngettext("%(count)s upload did not finish", "%(count)s uploads did not finish", left.length);

// What stands at the foot of a phone's page stands above it.
const room = new ResizeObserver(([{ borderBoxSize }]) => document.body.style.setProperty("--leftover-height", `${borderBoxSize[0].blockSize + GAP_PX}px`));

function show() {
  hide();
  if (!left.length) return;
  const pick = make("input", { type: "file", multiple: true, hidden: true, "aria-label": _("The same files again") });
  pick.addEventListener("change", () => orSay(() => goOn([...pick.files])));
  const names = left.slice(0, NAMED).map((one) => make("li", {}, make("span", {}, one.name), make("span", { class: "state" }, percent(one.sent, one.size))));
  const more = left.length - names.length;
  document.getElementById("tray").before(make(
    "section", { id: "leftover", "aria-label": _("What did not finish") },
    make("div", { class: "tray-head" }, make("h2", {}, title()), button(_("Not now"), "x", hide)),
    make("p", {}, _("Choose the same files again, and they go on where they were.")),
    make("ul", {}, ...names, more > 0 ? make("li", { class: "state" }, _("%(left)s more", { left: more })) : null),
    make("div", { class: "deeds" },
      make("button", { type: "button", class: "button small primary", onclick: () => pick.click() }, icon("upload"), _("Choose files")),
      make("button", { type: "button", class: "button small", onclick: () => orSay(forget) }, _("Forget them")),
    ),
    pick,
  ));
  room.observe(document.getElementById("leftover"));
}

function hide() {
  room.disconnect();
  document.body.style.removeProperty("--leftover-height");
  document.getElementById("leftover")?.remove();
}

// Each goes on to where it was going.
async function goOn(files) {
  const [going, others] = [[], []];
  for (const file of files) {
    const name = file.name.normalize("NFC");
    const one = left.find((each) => each.name === name && each.size === file.size && each.time === file.lastModified);
    if (one) going.push({ ...one, file });
    else others.push(name);
  }
  for (const { file, parent, onConflict, name } of going) {
    const { looks } = await call("POST", `/files/${parent}/taken`, { names: [name] });
    queue.add([{ file, parent, onConflict, looks: looks[name] }]);
  }
  settle(going.map((one) => one.path));
  if (others.length === 1) toast(_("“%(name)s” is none of them: its name, size or time is another.", { name: others[0] }));
  else if (others.length) toast(_("%(things)s are none of them: their names, sizes or times are others.", { things: things(others.length, "file") }));
}

// These are on their way again, from here or as any other upload.
function settle(paths) {
  const before = left.length;
  left = left.filter((one) => !paths.includes(one.path));
  if (left.length < before) show();
}

// Here, and what the server has of them.
async function forget() {
  const going = left;
  left = [];
  show();
  for (const { key, path } of going) {
    const url = new URL(path, window.location).href;
    await window.tus.Upload.terminate(url, { headers: { "X-CSRFToken": token() }, retryDelays: RETRY_DELAYS_MS }).catch(() => {}); // it expires by itself
    localStorage.removeItem(key);
  }
  announce(_("They are forgotten."));
}
