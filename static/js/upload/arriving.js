// What is being sent to the folder on show, as rows or cards above those that are there. The tray tells of it to screen
// readers and has its deeds. Above, not where it will stand: so it is seen without a search, among thousands of entries,
// too, and no row moves under the pointer whenever one of many files begins or ends. Once it is there, it stands in its place.

import { icon, make, tablets } from "../dom.js";
import { folderId } from "../page.js";
import { list } from "../rows.js";
import * as viewport from "../viewport.js";
import { percent, size, timeLeft } from "../words.js";
import { bar, fill } from "./bar.js";
import * as queue from "./queue.js";

const SHOWN_AFTER_MS = 1000; // what is there at once would only make the list jump
const seen = new WeakMap(); // transfer → when it was first seen on its way
let shown = new Map(); // transfer → the parts of its row

export function start() {
  queue.onFrame(show);
  document.addEventListener("page:shown", () => {
    document.getElementById("arriving")?.remove(); // as it was when this page was left
    shown = new Map();
    show();
  });
}

function show() {
  const going = queue.all().filter(isGoingHere);
  const isAnew = going.length !== shown.size || going.some((one) => !shown.has(one));
  if (isAnew) place(going);
  for (const [one, parts] of shown) tell(one, parts);
}

function isGoingHere(one) {
  const isOnItsWay = one.state === "sending" || (one.state === "paused" && seen.has(one)); // others wait, of whom there may be thousands
  if (one.parent !== folderId() || !isOnItsWay) return false;
  if (!seen.has(one)) {
    seen.set(one, performance.now());
    setTimeout(show, SHOWN_AFTER_MS + 10);
  }
  return performance.now() - seen.get(one) >= SHOWN_AFTER_MS;
}

// Who has scrolled down keeps what is looked at where it is.
function place(going) {
  const isGrid = list()?.classList.contains("grid");
  const old = document.getElementById("arriving");
  const before = height();
  shown = new Map(going.map((one) => [one, shown.get(one) ?? draw(one, isGrid)]));
  const rows = [...shown.values()].map((parts) => parts.row);
  if (!rows.length) old?.remove();
  else if (old) old.replaceChildren(...rows);
  else (list() ?? document.getElementById("empty")).before(make("div", { id: "arriving", class: `list ${isGrid ? "grid" : ""}`, "aria-hidden": "true" }, ...rows));
  if (window.scrollY) window.scrollBy(0, height() - before);
  viewport.changed();
}

const height = () => document.getElementById("arriving")?.offsetHeight ?? 0;

function draw(one, isGrid) {
  const parts = { bar: bar(), percent: make("span"), left: make("span"), figure: make("span") };
  const [looks, type] = one.looks;
  parts.row = make(
    "div", { class: "row" },
    make("span", { class: "c-box" }),
    make("span", { class: `c-icon ${type}` }, icon(looks, 20)),
    isGrid ? make("span", { class: "c-thumb" }, make("span", { class: "how-far" }, parts.percent, parts.left, parts.bar)) : null,
    make("span", { class: "c-name" }, make("span", {}, one.name)),
    make("span", { class: "c-owner" }),
    make("span", { class: "c-modified" }, isGrid ? null : parts.bar),
    make("span", { class: "c-size" }, size(one.size)),
    make("span", { class: "c-copies copies busy" }, tablets(["half", "none", "none"]), parts.figure),
  );
  return parts;
}

function tell(one, { bar: segments, percent: sent, left, figure }) {
  fill(segments, one.size ? one.sent / one.size : 0, one.name, one.state === "sending");
  sent.textContent = figure.textContent = percent(one.sent, one.size);
  left.textContent = one.state === "paused" ? one.words : one.speed ? timeLeft((one.size - one.sent) / one.speed) : "";
}
