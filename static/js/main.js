// Starts everything on a page of the frame, and sends each press of a [data-deed] to its deed.

import { token } from "./api.js";
import * as band from "./band.js";
import * as cluster from "./cluster.js";
import { deeds, deedsFor, deedsHere, open, refreshRoom } from "./deeds.js";
import * as details from "./details.js";
import * as forms from "./forms.js";
import * as help from "./help.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as menu from "./menu.js";
import * as moving from "./moving.js";
import * as page from "./page.js";
import * as preview from "./preview/overlay.js";
import * as rows from "./rows.js";
import * as safety from "./safety.js";
import * as selection from "./selection.js";
import * as search from "./search.js";
import { switchTheme } from "./theme.js";
import { orSay } from "./toast.js";
import * as arriving from "./upload/arriving.js";
import * as intake from "./upload/intake.js";
import * as leftover from "./upload/leftover.js";
import * as queue from "./upload/queue.js";
import * as tray from "./upload/tray.js";
import * as viewport from "./viewport.js";
import * as watch from "./watch.js";

const PAGE_DEEDS = {
  theme: switchTheme,
  help: help.show,
  details: details.toggleForPage,
  "close-details": details.hide,
  "copy-text": details.copyText,
  tab: details.showTab,
  verify: details.verify,
  "step-details": details.step,
  "of-details": doWithShown,
  "restore-version": details.restoreVersion,
  "upload-files": () => intake.pick("pick-files"),
  "upload-folder": () => intake.pick("pick-folder"),
  menu: (button) => openMenu(rows.rowAt(button), button),
  more: (button) => menu.show(deedsFor(selection.chosen()), button, run),
};
const run = (deed) => orSay(async () => (PAGE_DEEDS[deed.name] ?? deeds[deed.name])());

function openMenu(row, at) {
  selection.focus(row);
  if (!selection.selected().includes(row)) selection.select([row]);
  menu.show(deedsFor(selection.chosen()), at, run);
}

// The menu of the place itself, where no entry is.
function openMenuHere(at) {
  selection.select([]);
  menu.show(deedsHere(), at, run);
}

// The panel's own buttons are about the entry on show alone.
function doWithShown(button) {
  const row = details.shownRow();
  if (!row) return undefined;
  if (button.dataset.name === "menu") return openMenu(row, button);
  selection.select([row]);
  return deeds[button.dataset.name]();
}

function startFrame() {
  preview.start({ about: details.show, star: deeds.star, share: deeds.share, download: deeds.download });
  page.start();
  viewport.start();
  rows.start();
  selection.start({ open, deedsFor, showMenu: (at) => menu.isOpen() || menu.show(deedsFor(selection.chosen()), at, run) });
  menu.start();
  keys.start();
  band.start();
  moving.start();
  details.start();
  intake.start();
  tray.start();
  arriving.start();
  safety.start();
  search.start();
  live.start();
  forms.start();
  orSay(leftover.start);
  shown();
}

let awaited = null; // whose row gets the focus as soon as it comes, unless something else has it by then

function shown({ focusId = null, cursor = null, scroll = 0, isNews = true } = {}) {
  rows.shown();
  window.scrollTo(0, scroll); // the list has its height by now
  watch.shown();
  cluster.shown();
  const row = focusId && rows.rowOf(focusId);
  if (row) selection.focus(row, { still: cursor !== null });
  awaited = row ? null : (focusId ?? (isNews ? null : awaited));
}

document.addEventListener("click", (event) => {
  const span = event.target.closest(".spans a");
  if (span) {
    event.preventDefault();
    orSay(() => cluster.showSpan(span));
  }
  const button = event.target.closest("[data-deed]");
  if (!button) return;
  const deed = PAGE_DEEDS[button.dataset.deed] ?? cluster.deeds[button.dataset.deed] ?? deeds[button.dataset.deed];
  orSay(async () => deed(button));
});
document.addEventListener("contextmenu", (event) => {
  const row = rows.rowAt(event.target);
  const byKey = !event.button && !event.buttons; // the menu key, or Shift+F10
  const isBeside = event.target.closest("#page") ? !event.target.closest("a, button, input, .page-head") : byKey && event.target === document.body;
  const isTouch = event.pointerType === "touch"; // a long press: `selection` minds that of a row
  if (!(row ?? (isBeside && !isTouch && page.hasEntries()))) return;
  event.preventDefault();
  if (isTouch) return;
  const at = { x: event.clientX, y: event.clientY };
  const show = row ? (point) => openMenu(row, point) : openMenuHere;
  if (byKey) show(row ? row.querySelector(".c-menu") : at);
  else if (!event.buttons) show(at);
  else document.addEventListener("pointerup", () => setTimeout(show, 0, at), { once: true }); // which would close it
});
document.addEventListener("submit", ({ target }) => {
  const field = target.elements.namedItem("csrfmiddlewaretoken");
  if (field) field.value = token(); // as it is now
}, { capture: true });
document.addEventListener("page:shown", (event) => shown(event.detail));
document.addEventListener("rows:came", (event) => {
  const row = event.detail.find((one) => one.dataset.id === awaited);
  if (!row) return;
  awaited = null;
  if (document.activeElement === document.body) selection.focus(row);
});
document.addEventListener("entry:arrived", async (event) => {
  await orSay(() => rows.place(event.detail.id, { parent: event.detail.parent, areNew: true }));
  watch.shown();
  await Promise.all([orSay(refreshRoom), safety.look()]);
});
document.addEventListener("entry:changed", () => safety.look());
document.addEventListener("signed:out", () => {
  const bar = document.getElementById("signed-out");
  bar.hidden = false;
  const { pathname, search } = window.location;
  bar.querySelector("a").search = new URLSearchParams({ next: pathname + search });
});
for (const name of ["online", "offline"]) {
  window.addEventListener(name, () => {
    document.getElementById("offline").hidden = navigator.onLine;
    if (navigator.onLine) queue.retryAll();
  });
}
startFrame();
if (window.tus) document.getElementById("unloaded").remove();
