// The tray at the corner: every transfer with its figures and its deeds.

import { showIn } from "../deeds.js";
import { confirm } from "../dialogs.js";
import { button, icon, make, tablets } from "../dom.js";
import { _ } from "../gettext.js";
import { announce, orSay } from "../toast.js";
import { percent, sizeOf, size, things, timeLeft } from "../words.js";
import { bar, fill } from "./bar.js";
import * as queue from "./queue.js";

const MOST_LINES = 100; // thousands would take all the time of the page
const ON_PHONE = matchMedia("(max-width: 599px)");
const WANTED_FIRST = ["failed", "sending", "paused", "waiting", "copying", "done", "cancelled"];
const lines = new Map(); // transfer → { line, … }
const tray = () => document.getElementById("tray");
let head = null;
let body = null;
let rest = null; // says how many lines are left out

export function start() {
  queue.onFrame(show);
  window.addEventListener("beforeunload", (event) => {
    if (queue.unfinished().length) event.preventDefault();
  });
}

function build() {
  const title = make("h2");
  const left = make("span", { class: "left" });
  const hold = button(_("Pause all"), "pause", () => (hold.dataset.held ? queue.resumeAll() : queue.pauseAll()), "icon-button small of-all");
  const again = button(_("Try all again"), "rotate-ccw", queue.retryAll, "icon-button small of-all");
  const fold = button(_("Fold"), "chevron-down", () => setFolded(!tray().classList.contains("folded")), "icon-button small fold");
  const close = button(_("Close"), "x", () => orSay(leave), "icon-button small of-all");
  const total = { bar: bar(), words: make("span", { class: "state" }) };
  total.line = make("div", { class: "tray-total" }, total.bar, total.words);
  rest = make("li", { class: "transfers-rest", hidden: true });
  body = make("ul", { class: "transfers" }, rest);
  head = { title, left, hold, again, fold, close, total };
  tray().replaceChildren(make("div", { class: "tray-head" }, title, left, hold, again, fold, close), total.line, body);
  setFolded(ON_PHONE.matches); // where it would hide the list
  new ResizeObserver(([{ borderBoxSize }]) => document.body.style.setProperty("--tray-height", `${borderBoxSize[0].blockSize}px`)).observe(tray());
}

function setFolded(folded) {
  tray().classList.toggle("folded", folded);
  head.fold.setAttribute("aria-label", folded ? _("Unfold") : _("Fold"));
  head.fold.title = head.fold.getAttribute("aria-label");
  head.fold.setAttribute("aria-expanded", String(!folded));
}

// Closing it ends what has not been sent.
async function leave() {
  const open = queue.unfinished();
  const sure = !open.length || (await confirm({
    title: _("Stop uploading?"), words: _("%(things)s not sent yet. What has arrived stays.", { things: things(open.length, "file") }),
    verb: _("Stop uploading"), cancel: _("Go on"), danger: true,
  }));
  if (!sure) return;
  for (const one of queue.unfinished()) one.cancel();
  queue.forget();
}

function show() {
  const all = queue.all();
  tray().hidden = !all.length;
  if (!all.length) {
    lines.clear();
    body?.replaceChildren(rest);
    return;
  }
  if (!head) build();
  const some = mostWanted(all);
  for (const [one, parts] of lines) {
    if (some.has(one)) continue;
    parts.line.remove();
    lines.delete(one);
  }
  for (const one of some) showOne(one);
  const left = all.length - some.size;
  rest.hidden = !left;
  rest.textContent = left ? _("%(left)s more", { left }) : "";
  showHead(all);
}

function mostWanted(all) {
  if (all.length <= MOST_LINES) return new Set(all);
  return new Set(WANTED_FIRST.flatMap((state) => all.filter((one) => one.state === state)).slice(0, MOST_LINES));
}

function showHead(all) {
  const open = queue.unfinished();
  const failed = all.filter((one) => one.state === "failed").length;
  const held = open.length > 0 && open.every((one) => one.state === "paused");
  const speed = open.reduce((sum, one) => sum + one.speed, 0);
  const missing = open.reduce((sum, one) => sum + one.size - one.sent, 0);
  const words = open.length
    ? _("%(held)s %(open)s of %(all)s", { held: held ? _("Paused") : _("Uploading"), open: Math.min(all.length, all.length - open.length + 1), all: all.length })
    : failed ? _("%(failed)s of %(things)s not sent", { failed, things: things(all.length, "file") }) : _("%(things)s sent", { things: things(all.length, "file") });
  if (head.title.textContent !== words) announce(words);
  head.title.textContent = words;
  head.left.textContent = open.length && speed ? timeLeft(missing / speed) : "";
  tray().classList.toggle("has-failed", failed > 0 && !open.length);
  tray().classList.toggle("at-work", open.length > 0);
  showTotal(all, open, speed);
  head.hold.hidden = !open.length;
  head.again.hidden = !failed;
  head.hold.dataset.held = held ? "yes" : "";
  swapIcon(head.hold, held ? "play" : "pause", held ? _("Go on with all") : _("Pause all"));
}

// Of one file its line tells it; folded, the total is all there is.
function showTotal(all, open, speed) {
  const { line, bar: segments, words } = head.total;
  line.hidden = !open.length;
  line.classList.toggle("of-many", all.length > 1);
  if (!open.length) return;
  const counted = all.filter((one) => one.state !== "failed" && one.state !== "cancelled");
  const sum = (figure) => counted.reduce((total, one) => total + one[figure], 0);
  const together = { sent: sum("sent"), size: sum("size"), speed };
  fill(segments, together.size ? together.sent / together.size : 0, _("All files"), open.some((one) => one.state === "sending"));
  words.textContent = _("%(all)s: %(percent)s, %(figures)s", { all: all.length === 1 ? all[0].name : _("All files"), percent: percent(together.sent, together.size), figures: figures(together) });
}

function showOne(one) {
  let parts = lines.get(one);
  if (!parts) {
    parts = { name: make("b", { title: one.name }, one.name), figure: make("span"), bar: bar(), state: make("span", { class: "state" }), end: make("span", { class: "end" }) };
    parts.line = make(
      "li", { class: "transfer" },
      make("span", { class: `c-icon ${one.looks[1]}` }, icon(one.looks[0], 20)),
      make("div", {}, make("div", { class: "what" }, parts.name, parts.figure), parts.bar, parts.state),
      parts.end,
    );
    lines.set(one, parts);
    body.append(parts.line);
  }
  parts.line.className = `transfer ${one.state}`;
  parts.bar.toggleAttribute("hidden", !one.isOpen);
  parts.figure.textContent = one.isOpen ? percent(one.sent, one.size) : "";
  fill(parts.bar, one.size ? one.sent / one.size : 0, one.name, one.state === "sending");
  parts.state.textContent = one.state === "sending" ? figures(one) : one.words;
  if (parts.shown !== one.state) showDeeds(one, parts);
  if (one.entryId && !parts.name.firstElementChild) parts.name.replaceChildren(make("a", { href: `/files/${one.parent}`, onclick: (event) => showPlace(event, one) }, one.name));
  if (one.state === "copying") parts.end.replaceChildren(one.drawn ?? tablets(["full", "full", "half"]));
}

function showPlace(event, { entryId: id, parent }) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  orSay(() => showIn({ id, parent }));
}

function figures({ sent, size: whole, speed }) {
  return sizeOf(sent, whole) + (speed ? _(" at %(size)s/s", { size: size(speed) }) : "");
}

function showDeeds(one, parts) {
  parts.shown = one.state;
  const cancel = () => button(_("Cancel %(name)s", { name: one.name }), "x", () => one.cancel());
  const deeds = {
    waiting: () => [cancel()],
    sending: () => [button(_("Pause %(name)s", { name: one.name }), "pause", () => one.pause()), cancel()],
    paused: () => [button(_("Go on with %(name)s", { name: one.name }), "play", () => queue.retry(one)), cancel()],
    failed: () => [button(_("Try %(name)s again", { name: one.name }), "rotate-ccw", () => queue.retry(one))],
    copying: () => [],
    done: () => [icon("circle-check", 20)],
    cancelled: () => [button(_("Send %(name)s after all", { name: one.name }), "rotate-ccw", () => queue.retry(one))],
  };
  parts.end.replaceChildren(...deeds[one.state]());
}

function swapIcon(element, name, label) {
  if (element.dataset.icon === name) return;
  element.dataset.icon = name;
  element.title = label;
  element.setAttribute("aria-label", label);
  element.replaceChildren(icon(name));
}
