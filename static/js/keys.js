// The keyboard of the list. Never while typing in a field, in a menu or in a dialog.
// A letter that does something does it when no name is being typed; with Shift every letter begins a name.

import { deeds, open } from "./deeds.js";
import * as details from "./details.js";
import * as help from "./help.js";
import { isOpen } from "./menu.js";
import * as moving from "./moving.js";
import { go, inTrash, page, switchView } from "./page.js";
import * as viewport from "./viewport.js";
import { isCounted, isWhole, lastPlace, list, load, placeOf, reach, reachName, rows, total } from "./rows.js";
import { extendTo, focus, focused, moveTo, select, selectAll, selected, toggle } from "./selection.js";
import { orSay, undoLast } from "./toast.js";

const TYPE_AHEAD_MS = 800;
const RESTING_MS = 150;
let typed = "";
let typedAt = 0;

export function start() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || isOpen() || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select")) return;
    const done = anywhere(event) || (inList(event) && atRow(event));
    if (done) event.preventDefault();
  });
}

// The keys of the list work when it has the focus, or nothing else has.
function inList(event) {
  return event.target === document.body || event.target === page() || event.target.closest("#list, #selection") !== null;
}

function anywhere(event) {
  if (event.key === "Escape") {
    if (moving.forget()) return true;
    if (selected().length) select([]);
    else if (!details.hide()) return false;
    return true;
  }
  if (event.altKey && event.key === "ArrowUp" && page().dataset.up) {
    go(page().dataset.up);
    return true;
  }
  if (event.ctrlKey || event.metaKey) return ANYWHERE_WITH_CONTROL[event.key.toLowerCase()]?.(event) ?? false;
  if (event.altKey || pending(event) || !help.areOn()) return false;
  return LETTERS[event.key]?.() ?? false;
}

const ANYWHERE_WITH_CONTROL = {
  z: undoLast,
  v: ({ repeat }) => (inTrash() || !moving.hasTaken() ? false : repeat || run(moving.paste)), // else files of the desktop may come
};
const LETTERS = {
  "?": () => run(help.show),
  "/": () => {
    const field = document.getElementById("search");
    field?.focus();
    return Boolean(field);
  },
  v: () => (page().querySelector(".view-switch") ? run(switchView) : false),
};

function run(deed) {
  orSay(async () => deed());
  return true;
}

function atRow(event) {
  const all = rows();
  if (!all.length) return false;
  const row = focused();
  const control = event.ctrlKey || event.metaKey;
  const line = viewport.columns();
  const to = { ArrowDown: line, ArrowUp: -line, Home: -Infinity, End: Infinity, PageDown: 12, PageUp: -12, ...(line > 1 ? { ArrowRight: 1, ArrowLeft: -1 } : {}) }[event.key];
  if (to !== undefined && !event.altKey) {
    run(() => step(row, to, event.shiftKey));
    return true;
  }
  if (control && event.key.toLowerCase() === "a") {
    run(selectAll);
    return true;
  }
  if (control && !inTrash() && "xc".includes(event.key.toLowerCase()) && !getSelection().toString()) {
    moving.take(event.key.toLowerCase() === "x");
    return true;
  }
  if (control || event.altKey || event.target.closest("button, a")) return false;
  if (event.repeat) return event.key === " "; // what is held down is meant once; the space bar would scroll
  const deed = { F2: "rename", Delete: inTrash() ? "purge" : "trash", Backspace: null }[event.key];
  if (deed && !(inTrash() && deed === "rename")) {
    deeds[deed]();
    return true;
  }
  if (event.key === "Enter" && row) {
    open(row);
    return true;
  }
  if (event.key === " " && row && !pending(event)) {
    toggle(row);
    return true;
  }
  if (row && !pending(event) && !inTrash() && help.areOn() && "ds".includes(event.key)) {
    if (event.key === "d") details.toggle(row);
    else run(deeds.star);
    return true;
  }
  return event.key.length === 1 && typeAhead(all, row, event);
}

// Where nothing has come yet, the row is awaited; another press meanwhile starts from where the focus is.
async function step(row, by, extending) {
  const here = placeOf(row);
  const place = by === Infinity ? await lastPlace() : by === -Infinity || here < 0 ? 0 : here + by;
  const next = await reach(Math.max(0, Math.min(total() - 1, place)));
  if (!next || (row && focused() !== row)) return; // one has gone elsewhere meanwhile
  if (!extending) return moveTo(next);
  focus(next, { anchored: false });
  await extendTo(next, row ?? next);
}

// Letters belong together by when they were pressed, however late a busy page comes to them.
const pending = (event) => typed !== "" && event.timeStamp - typedAt < TYPE_AHEAD_MS;

function typeAhead(all, row, event) {
  typed = (pending(event) ? typed : "") + event.key.toLocaleLowerCase();
  typedAt = event.timeStamp;
  const wanted = typed;
  const isIt = (one) => one.dataset.name.toLocaleLowerCase().startsWith(wanted);
  const from = wanted.length === 1 ? all.indexOf(row) + 1 : Math.max(0, all.indexOf(row));
  const found = [...all.slice(from), ...all.slice(0, from)].find(isIt);
  if (found) moveTo(found);
  else if (isWhole()) return false;
  else run(() => goOnToName(wanted, isIt));
  return true;
}

// What has not come yet is asked for when the fingers rest, so that not every letter is.
async function goOnToName(wanted, isIt) {
  await new Promise((resolve) => setTimeout(resolve, RESTING_MS));
  let here = null;
  let far = null;
  while (typed === wanted && !far && here !== list()) { // once more where the list was shown anew meanwhile
    here = list();
    far = isCounted() ? await reachName(wanted) : (await load(() => typed !== wanted || rows().some(isIt))) && rows().find(isIt);
  }
  if (far && typed === wanted) moveTo(far);
}
