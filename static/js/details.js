// The details panel: what an entry is and where its bytes are. The server draws it (files/details.html).

import { call, part } from "./api.js";
import { copy } from "./clipboard.js";
import { _ } from "./gettext.js";
import { page } from "./page.js";
import { released } from "./press.js";
import { redraw } from "./redraw.js";
import { place, rowOf } from "./rows.js";
import { chosen as everyChosen, focus, focused, selected } from "./selection.js";
import { announce, orSay, toastDone } from "./toast.js";
import { load as loadThumb } from "./thumbs.js";
import { verify as verifyMap } from "./verify.js";
import { localise, things } from "./words.js";

let shownId = null; // whose details are drawn: what is done in the panel is done to that one
let wantedId = null; // whose are to be: another's for as long as its answer is awaited
let verifiedId = null; // whose copies are being read now: its map changes by itself
const panel = () => document.getElementById("details");

export async function show(row, isWanted = () => true) {
  if (!row) return;
  const { id } = row.dataset;
  wantedId = id;
  const fresh = await orSay(() => part(`/files/${id}/details`));
  await released();
  if (id !== wantedId) return;
  if (!fresh) wantedId = shownId;
  if (!fresh || !isWanted()) return;
  localise(fresh);
  const isAnew = id === shownId;
  shownId = id;
  if (isAnew) redraw(panel(), fresh, dress);
  else {
    panel().replaceChildren(fresh);
    dress();
  }
}

function dress() {
  const portrait = panel().querySelector(".portrait[data-thumb]");
  if (portrait) loadThumb(portrait);
  reveal(true);
  follow();
}

export function hide() {
  if (panel().hidden) return false;
  const row = rowOf(shownId);
  forget();
  const hadFocus = panel().contains(document.activeElement);
  reveal(false);
  if (hadFocus) focus(row);
  return true;
}

export function toggle(row) {
  if (!panel().hidden && (!row || row.dataset.id === wantedId)) hide();
  else show(row);
}

export function hideIf(gone) {
  if (gone.some((row) => row.dataset.id === wantedId)) hide();
}

function forget() {
  shownId = null;
  wantedId = null;
}

// Follows the selection and what happens to the entry on show.
export function start() {
  document.addEventListener("selection:changed", () => setTimeout(follow));
  document.addEventListener("focusin", (event) => event.target.closest("#list .row") && follow());
  document.addEventListener("entry:changed", (event) => {
    if (event.detail.id === wantedId && !panel().hidden && isFollowing()) show(rowOf(wantedId), isFollowing);
  });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.('#details [role="tab"]');
    if (!tab || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const tabs = [...tab.parentElement.children];
    const other = tabs.at((tabs.indexOf(tab) + (event.key === "ArrowRight" ? 1 : -1)) % tabs.length);
    other.focus();
    orSay(() => showTab(other));
  });
  document.addEventListener("page:shown", () => {
    forget();
    reveal(false);
  });
}

// Whether news of the entry may take the place of what is shown of it.
const isFollowing = () => shownId !== verifiedId && panel().querySelector('#tab-about[aria-selected="true"]') !== null;

// With several selected it shows the one with the focus, else the one on show.
function follow() {
  const chosen = selected();
  if (panel().hidden || !chosen.length) return;
  const at = Math.max(0, chosen.indexOf(chosen.includes(focused()) ? focused() : rowOf(wantedId)));
  panel().querySelector(".details-head .dim").textContent = chosen.length > 1 ? _("%(value)s of %(chosen)s selected", { value: at + 1, chosen: everyChosen().length }) : "";
  for (const step of panel().querySelectorAll('[data-deed="step-details"]')) step.hidden = chosen.length < 2;
  if (chosen[at].dataset.id !== wantedId) show(chosen[at]);
}

// Goes on to the next one of the selected, or back.
export async function step(button) {
  const [chosen, by] = [selected(), Number(button.dataset.by)];
  await show(chosen.at((chosen.indexOf(rowOf(wantedId)) + by) % chosen.length));
  panel().querySelector(`[data-deed="step-details"][data-by="${by}"]`)?.focus();
}

export const shownRow = () => rowOf(shownId);

export async function verify(button) {
  const id = shownId;
  verifiedId = id;
  button.disabled = true;
  let found;
  try {
    found = await verifyMap(button.closest(".safety-block"));
  } finally {
    verifiedId = null;
    button.disabled = false;
    if (wantedId === id) await show(rowOf(id)); // as it is now, also when it broke off
    if (shownId === id && document.activeElement === document.body) panel().querySelector('[data-deed="verify"]')?.focus();
  }
  if (!found || shownId !== id) return;
  const words = found.good === found.asked ? _("All %(things)s read just now, and every one is good", { things: things(found.good, "copy") }) : _("%(good)s of %(things)s read just now and good. The map shows the others", { good: found.good, things: things(found.asked, "copy") });
  panel().querySelector(".verify [role=status]").textContent = words;
}

export function toggleForPage() {
  toggle(focused() || selected()[0] || document.querySelector("#list .row"));
}

export async function showTab(tab) {
  const tabs = [...panel().querySelectorAll('[role="tab"]')];
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
  if (tab.id === "tab-versions") await fill("versions");
  if (tab.id === "tab-activity") await fill("activity");
}

async function fill(tab) {
  const id = shownId;
  const fresh = await part(`/files/${id}/${tab}`);
  if (!fresh || id !== shownId) return;
  localise(fresh);
  document.getElementById(tab)?.replaceChildren(fresh);
}

export async function restoreVersion(button) {
  const id = shownId;
  const versions = `/api/v1/entries/${id}/versions`;
  const { results: [before] } = await call("GET", `${versions}?limit=1`);
  const bringBack = async (number) => {
    await call("POST", `${versions}/${number}/restore`);
    await place(id);
    if (shownId === id) await fill("versions");
  };
  await bringBack(button.dataset.number);
  toastDone(_("That version is the current one again. The other one is kept below it."), () => bringBack(before.number));
  if (shownId === id && document.activeElement === document.body) document.getElementById("tab-versions").focus();
}

export async function copyText(button) {
  await copy(button.dataset.text);
  button.querySelector("use").setAttribute("href", "#i-check");
  announce(_("Copied"));
}

function reveal(visible) {
  panel().hidden = !visible;
  document.body.classList.toggle("details-open", visible);
  page().querySelector('[data-deed="details"]')?.setAttribute("aria-expanded", String(visible));
}
