// Moving and copying: by a dialog, by cut and paste, by dragging onto a folder or a crumb.

import { ask } from "./dialogs.js";
import { make } from "./dom.js";
import { _ } from "./gettext.js";
import { leave } from "./leaving.js";
import { doToAll, FEW, told } from "./many.js";
import { folderId, inTrash, page, refresh } from "./page.js";
import { placeAll, rowAt, rows as everyRow } from "./rows.js";
import { chosen as everyChosen, focus, selected, targets } from "./selection.js";
import { announce, orSay, toast } from "./toast.js";
import { folderTree } from "./tree.js";
import { things } from "./words.js";

const TYPE = "application/x-dfsweb-entries";
let clipboard = null; // { chosen, from, isCut }
let dragged = new Set(); // ids of what is being dragged: its data can be read at the drop alone

// What is kept of an entry while it is on its way: its row may be gone by then.
const bare = ({ id, name, kind, parent }) => ({ id, name, kind, parent });

export async function askWhere() {
  const chosen = targets().map(bare);
  if (!chosen.length) return;
  const from = folderId();
  const start = from || document.body.dataset.root;
  const copies = make("input", { type: "checkbox", class: "tick" });
  const tree = folderTree({
    rootId: document.body.dataset.root, startId: start, without: new Set(chosen.filter((one) => one.kind === "folder").map((one) => one.id)),
    onChange: () => tree.closest("dialog")?.dispatchEvent(new Event("choice")),
  });
  const fresh = make("button", { type: "button", class: "button small", onclick: () => orSay(() => tree.addFolder()) }, _("New folder"));
  const body = make("div", { class: "tree-box" }, tree, make("label", { class: "check-line" }, copies, _("Leave it here too: make a copy")));
  const answer = ask({
    title: chosen.length === 1 ? _("Move “%(name)s”", { name: chosen[0].name }) : _("Move %(things)s", { things: things(chosen.length, "item") }), body, verb: _("Move here"), extra: fresh, wide: true,
    decide: async () => tree.chosen ?? undefined,
  });
  const dialog = tree.closest("dialog");
  const verb = dialog.querySelector("[type=submit]");
  const words = () => {
    verb.textContent = copies.checked ? _("Copy here") : _("Move here");
    verb.disabled = !tree.chosen || (!copies.checked && tree.chosen.id === from);
  };
  dialog.addEventListener("choice", words);
  copies.addEventListener("change", words);
  await orSay(() => tree.begin());
  const target = await answer;
  if (target) await (copies.checked ? copyTo(chosen, target) : moveTo(chosen, target, from));
}

export function take(isCut) {
  const chosen = targets().map(bare);
  if (!chosen.length) return;
  clipboard = { chosen, from: folderId(), isCut };
  const cut = new Set(isCut ? chosen.map((one) => one.id) : []);
  for (const row of everyRow()) row.classList.toggle("cut", cut.has(row.dataset.id));
  const taken = { things: things(chosen.length, "item") };
  announce(isCut ? _("%(things)s cut. Paste where they belong.", taken) : _("%(things)s copied. Paste where they belong.", taken));
}

export const hasTaken = () => clipboard !== null;

export async function paste() {
  if (!clipboard || !folderId()) return;
  const { chosen, from, isCut } = clipboard;
  const target = { id: folderId(), name: page().dataset.name };
  if (isCut) clipboard = null;
  if (!isCut) await copyTo(chosen, target);
  else if (from !== target.id) await moveTo(chosen, target, from);
  else uncut();
}

export function forget() {
  if (!clipboard?.isCut) return false;
  uncut();
  clipboard = null;
  return true;
}

function uncut() {
  for (const row of everyRow()) row.classList.remove("cut");
}

async function moveTo(chosen, target, from) {
  const { done: moved, trouble } = await doToAll("move", chosen, { parent: target.id, doing: _("Moving to “%(folder)s”", { folder: target.name }) });
  if (!moved.length) return toast(trouble);
  await show(moved.map((one) => one.id), target.id, { gone: moved, from });
  const words = moved.length === 1 ? _("“%(name)s” is moved to “%(folder)s”.", { name: moved[0].name, folder: target.name }) : _("%(things)s are moved to “%(folder)s”.", { things: things(moved.length, "item"), folder: target.name });
  toast(told(words, trouble), { deed: _("Undo"), onDeed: () => orSay(() => moveBack(moved, target.id)) });
}

// Each goes where it lay: what was found by a search came from many folders.
async function moveBack(moved, from) {
  const troubles = [];
  for (const [parent, some] of Map.groupBy(moved, (one) => one.parent)) {
    const { done: back, trouble } = await doToAll("move", some, { parent, doing: _("Putting back") });
    await show(back.map((one) => one.id), parent, { gone: back, from });
    if (trouble) troubles.push(trouble);
  }
  if (troubles.length) toast(troubles.join(" "));
  else announce(_("Back in its place."));
}

async function copyTo(chosen, target) {
  const { entries: made, trouble } = await doToAll("copy", chosen, { parent: target.id, doing: _("Copying to “%(folder)s”", { folder: target.name }) });
  if (!made.length) return toast(trouble);
  await show(made.map((one) => one.id), target.id);
  const words = made.length === 1 ? _("“%(name)s” is copied to “%(folder)s”.", { name: made[0].name, folder: target.name }) : _("%(things)s are copied to “%(folder)s”.", { things: things(made.length, "item"), folder: target.name });
  toast(told(words, trouble), { deed: _("Undo"), onDeed: () => orSay(() => uncopy(made, target.id)) });
}

async function uncopy(made, from) {
  const { done, trouble } = await doToAll("trash", made, { doing: _("Moving to the trash") });
  if (folderId() === from) await leave(done);
  if (trouble) toast(trouble);
}

// What has come to a folder is put in its place, what has gone from another leaves the list.
async function show(ids, to, { gone = [], from = null } = {}) {
  const here = folderId();
  if (here === to && ids.length <= FEW) focus((await placeAll(ids, { parent: to })).at(-1));
  else if (here === to) await refresh(ids.at(-1));
  else if (here && here === from) await leave(gone);
  else if (!here) await refresh();
}

export function start() {
  document.addEventListener("dragstart", (event) => {
    const row = rowAt(event.target);
    if (!row || inTrash() || event.defaultPrevented) return;
    const some = (selected().includes(row) ? everyChosen() : [row.dataset]).map(bare);
    dragged = new Set(some.map((one) => one.id));
    event.dataTransfer.setData(TYPE, JSON.stringify(some));
    event.dataTransfer.effectAllowed = "copyMove";
    const image = make("div", { class: "drag-image" }, some.length === 1 ? row.dataset.name : things(some.length, "item"));
    document.body.append(image);
    event.dataTransfer.setDragImage(image, 0, 0);
    setTimeout(() => image.remove());
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes(TYPE)) return;
    const target = freeAt(event.target);
    if (target) event.preventDefault();
    mark(target?.element);
  });
  document.addEventListener("dragend", () => {
    dragged.clear();
    mark(null);
  });
  document.addEventListener("drop", (event) => {
    const data = event.dataTransfer?.getData(TYPE);
    const target = data && freeAt(event.target);
    mark(null);
    if (!target) return;
    event.preventDefault();
    const chosen = JSON.parse(data).filter((one) => one.id !== target.id);
    if (chosen.length) orSay(() => (event.ctrlKey || event.metaKey ? copyTo(chosen, target) : moveTo(chosen, target, folderId())));
  });
}

// A folder's row, a crumb, or "My files" in the rail: what is dropped there goes there, files from the desktop, too.
export function targetAt(element) {
  const row = rowAt(element);
  if (row?.dataset.kind === "folder") return { element: row, id: row.dataset.id, name: row.dataset.name };
  const crumb = element.closest?.(".crumbs a");
  if (crumb) return { element: crumb, id: crumb.pathname.split("/").at(-1), name: crumb.textContent };
  const home = element.closest?.('.place[data-place="files"]');
  return home && { element: home, id: document.body.dataset.root, name: _("My files") };
}

// What is being dragged itself takes nothing.
function freeAt(element) {
  const target = targetAt(element);
  return dragged.has(target?.id) ? null : target;
}

function mark(element) {
  for (const old of document.querySelectorAll(".drop-target")) if (old !== element) old.classList.remove("drop-target");
  element?.classList.add("drop-target");
}
