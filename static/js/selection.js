// What is selected, and the bar that says so. The rows carry the state (aria-selected), and of those that have
// not come yet their facts are known: what a row has as its dataset.

import { make, icon } from "./dom.js";
import { _ } from "./gettext.js";
import { factsBetween, isCounted, isWhole, list, makeStop, placeOf, rowAt, rowOf, rows, total, within } from "./rows.js";
import { orSay } from "./toast.js";
import * as viewport from "./viewport.js";
import { size, things } from "./words.js";

const LONG_PRESS_MS = 450;
let anchorId = null; // not its row, which is another one after news of it
let follows = false; // one row that was clicked: the selection goes with the focus, so that no deed meets one out of sight
let beyond = new Map(); // id → facts of what is selected and has not come yet
let asking = null; // the selection of all that is being made, unless it is given up meanwhile
let open = () => {};
let showMenu = () => {};
let deedsFor = () => [];
let touching = false;
let pressed = null;

export const selected = () => rows().filter((row) => row.getAttribute("aria-selected") === "true");
export const focused = () => document.activeElement?.closest?.("#list .row") ?? null;

// The facts of all that is selected, whether its row has come or not.
export const chosen = () => [...selected().map((row) => row.dataset), ...beyond.values()];

// The facts of what a deed applies to: the selection, else the row with the focus.
export function targets() {
  const some = chosen();
  const row = focused();
  return some.length ? some : row ? [row.dataset] : [];
}

export function select(some) {
  asking = null;
  follows = false;
  beyond.clear();
  for (const row of selected()) row.setAttribute("aria-selected", "false");
  for (const row of some) row.setAttribute("aria-selected", "true");
  changed();
}

export const selectAll = () => selectPlaces(0, total());

// What has come is selected at once, the rest when its facts are here, unless the selection is given up meanwhile.
async function selectPlaces(from, to) {
  const there = within(from, to);
  select(there);
  if (isWhole(from, to)) return;
  const [here, mine] = [list(), (asking = {})];
  const facts = await factsBetween(from, to);
  if (here !== list() || asking !== mine) return;
  const wanted = new Map(facts.map((one) => [one.id, one]));
  select([...there, ...rows().filter((row) => wanted.delete(row.dataset.id))]); // some may have come meanwhile
  beyond = wanted;
  changed();
}

// Where the keys lead.
export function moveTo(row) {
  if (follows) selectOne(row);
  focus(row);
}

function selectOne(row) {
  select([row]);
  follows = true;
}

export function toggle(row) {
  asking = null;
  follows = false;
  row.setAttribute("aria-selected", String(row.getAttribute("aria-selected") !== "true"));
  anchorId = row.dataset.id;
  changed();
}

// Up to a row from where the range began, or begins now.
export async function extendTo(row, start = row) {
  if (!rowOf(anchorId)) anchorId = start.dataset.id;
  const [from, to] = [placeOf(rowOf(anchorId)), placeOf(row)];
  await selectPlaces(Math.min(from, to), Math.max(from, to) + 1);
}

export function focus(row, { anchored = true, still = false } = {}) {
  if (!row) return;
  makeStop(row);
  if (!still) viewport.reveal(row);
  row.focus({ preventScroll: true });
  if (anchored) anchorId = row.dataset.id;
}

export function changed() {
  const bar = document.getElementById("selection");
  if (!bar) return;
  const some = chosen();
  bar.hidden = !some.length;
  document.body.classList.toggle("selecting", some.length > 0);
  if (some.length) {
    const bytes = some.reduce((sum, one) => sum + Number(one.size || 0), 0);
    bar.querySelector("output strong").textContent = _("%(chosen)s selected", { chosen: some.length });
    bar.querySelector("output span").textContent = bytes ? size(bytes) : "";
    const all = bar.querySelector(".all");
    all.hidden = some.length >= total();
    all.textContent = isCounted() ? _("All %(total)s", { total: total() }) : _("All");
    const deeds = deedsFor(some).filter((deed) => deed.inBar);
    bar.querySelector(".deeds").replaceChildren(
      ...deeds.map((deed) =>
        make("button", { type: "button", class: "deed", "data-deed": deed.name }, icon(deed.icon), deed.short || deed.label),
      ),
    );
    bar.setAttribute("aria-label", things(some.length, "item"));
  }
  document.dispatchEvent(new CustomEvent("selection:changed"));
}

export function start(options) {
  ({ open, deedsFor, showMenu } = options);
  document.addEventListener("pointerdown", (event) => {
    touching = event.pointerType === "touch";
    const row = touching && rowAt(event.target);
    clearTimeout(pressed);
    pressed = row ? setTimeout(() => press(row), LONG_PRESS_MS) : null;
  });
  for (const end of ["pointerup", "pointermove", "pointercancel", "scroll"]) {
    document.addEventListener(end, (event) => {
      if (end !== "pointermove" || Math.hypot(event.movementX, event.movementY) > 3) clearTimeout(pressed);
    }, { passive: true });
  }
  document.addEventListener("dragstart", (event) => touching && event.preventDefault()); // it would take the press away
  document.addEventListener("pointerup", endPress);
  document.addEventListener("click", clicked);
  document.addEventListener("dblclick", (event) => {
    const row = rowAt(event.target);
    if (row && !touching && !event.target.closest("button, .tick")) open(row);
  });
  document.addEventListener("page:shown", () => {
    beyond.clear();
    changed();
  });
  document.addEventListener("rows:came", (event) => {
    for (const row of event.detail) if (beyond.delete(row.dataset.id)) row.setAttribute("aria-selected", "true");
  });
}

// A long press selects a row, along with what is selected; the menu of all of it comes as the finger leaves.
function press(row) {
  pressed = "done";
  if (row.getAttribute("aria-selected") !== "true") toggle(row);
}

// A press may end with a click, too, and each of them closes what is open: so the menu comes behind it, maybe anew.
function endPress({ clientX: x, clientY: y }) {
  if (pressed === "done") setTimeout(showMenu, 0, { x, y });
}

function clicked(event) {
  const row = rowAt(event.target);
  if (!row || event.target.closest("[data-deed]")) return;
  event.preventDefault(); // the link is for pages without scripts, and for opening in a new tab
  if (pressed === "done") {
    endPress(event);
    pressed = null;
    return;
  }
  if (event.target.closest(".c-box") || (touching && (selected().length || event.target.closest(".c-icon")))) toggle(row);
  else if (touching) open(row);
  else if (event.shiftKey) orSay(() => extendTo(row));
  else if (event.ctrlKey || event.metaKey) toggle(row);
  else selectOne(row);
  focus(row, { anchored: !event.shiftKey });
}
