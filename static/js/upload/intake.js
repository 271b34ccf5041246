// Takes picked, dropped and pasted files, makes their folders, settles taken names, and hands them to the queue.

import { call, Problem } from "../api.js";
import { refreshRoom } from "../deeds.js";
import { confirm } from "../dialogs.js";
import { _ } from "../gettext.js";
import { targetAt } from "../moving.js";
import { folderId, inTrash, page } from "../page.js";
import { place } from "../rows.js";
import { orSay, progress, toast } from "../toast.js";
import { size, things } from "../words.js";
import { askAbout } from "./conflicts.js";
import { dropped } from "./dropped.js";
import * as queue from "./queue.js";

const NAMES_AT_ONCE = 1000; // as many as the server looks up
const FOLDERS_AT_ONCE = 4;
const FEW_FOLDERS = 20; // made so soon that nothing need be said

export function start() {
  for (const id of ["pick-files", "pick-folder"]) {
    const input = document.getElementById(id);
    input.addEventListener("change", () => {
      const files = [...input.files].map((file) => ({ file, folders: file.webkitRelativePath.split("/").slice(0, -1) }));
      input.value = "";
      orSay(() => take(files, here()));
    });
  }
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files") || inTrash()) return null;
    event.preventDefault();
    return targetAt(event.target) ?? { ...here(), element: document.getElementById("list") ?? document.getElementById("empty") };
  };
  document.addEventListener("dragover", (event) => mark(over(event)?.element));
  document.addEventListener("dragleave", (event) => event.relatedTarget || mark(null));
  document.addEventListener("drop", async (event) => {
    const target = over(event);
    if (!target) return;
    mark(null);
    const read = dropped(event.dataTransfer); // before any await: the list of items dies with the event
    await orSay(async () => {
      const { items, unread } = await read;
      await take(items, target);
      if (unread.length) toast(leftOut(unread));
    });
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].map((file) => ({ file, folders: [] }));
    if (!files.length || event.target.closest("input, textarea") || inTrash()) return;
    event.preventDefault();
    orSay(() => take(files, here()));
  });
}

const here = () => (folderId() ? { id: folderId(), name: page().dataset.name } : { id: document.body.dataset.root, name: _("My files") });

function mark(element) {
  for (const old of document.querySelectorAll(".drop-target, .drop-here")) if (old !== element) old.classList.remove("drop-target", "drop-here");
  element?.classList.add(["list", "empty"].includes(element.id) ? "drop-here" : "drop-target");
}

const leftOut = ([name, ...others]) => others.length
  ? _("%(things)s cannot be read and were left out, “%(name)s” among them.", { things: things(others.length + 1, "item"), name })
  : _("“%(name)s” cannot be read and was left out.", { name });

// items: [{ file, folders: ["Summer", "Day 1"] }]; without a file it is an empty folder
async function take(given, target) {
  if (!given.length) return;
  const items = given.map((one) => ({ ...one, folders: one.folders.map((name) => name.normalize("NFC")) }));
  const homes = await makeFolders(items, target);
  const files = items.filter((one) => one.file);
  if (!files.length) {
    toast(items.length === 1 ? _("The folder is in “%(name)s” now.", target) : _("The folders are in “%(name)s” now.", target));
    return;
  }
  const wanted = files.map(({ file, folders }) => ({ file, parent: homes.get(folders.join("/")), onConflict: "fail" }));
  const clashes = await findClashes(wanted);
  if (clashes.length) {
    const choices = await askAbout(clashes, files.length, target.name);
    if (!choices) return;
    for (const one of wanted) one.onConflict = choices.get(one.file) ?? one.onConflict;
  }
  const chosen = wanted.filter((one) => one.onConflict !== "skip");
  if (await haveRoom(chosen, target)) queue.add(chosen);
}

// Asks when all together need more than is free; of a single file, and of another's quota, its line in the tray tells.
async function haveRoom(chosen, target) {
  const needed = chosen.reduce((sum, { file }) => sum + file.size, 0);
  const free = () => Number(document.getElementById("room").dataset.free ?? Infinity);
  if (chosen.length < 2 || needed <= free()) return true;
  await refreshRoom(); // some may have come free elsewhere
  const { owner } = await call("GET", `/api/v1/entries/${target.id}`);
  if (needed <= free() || owner !== document.body.dataset.user) return true;
  return confirm({
    title: _("Too little room for all"),
    words: _("Together they need %(needed)s, and %(free)s of the quota is free. Nothing has been sent yet.", { needed: size(needed), free: size(free()) }),
    verb: _("Upload what fits"), cancel: _("Cancel upload"),
  });
}

// Makes each folder of the picked ones, parents first; one that is there already is used.
async function makeFolders(items, target) {
  const homes = new Map([["", target.id]]);
  const paths = [...new Set(items.flatMap(({ folders }) => folders.map((_, depth) => folders.slice(0, depth + 1).join("/"))))].sort((one, other) => depthOf(one) - depthOf(other));
  if (!paths.length) return homes;
  const far = paths.length > FEW_FOLDERS ? progress(_("Making the folders"), paths.length) : null;
  const fresh = new Set(); // which hold nothing yet
  try {
    for (const alike of Map.groupBy(paths, depthOf).values()) {
      const met = [...Map.groupBy(alike, above)].filter(([parent]) => !fresh.has(parent));
      await forEach(met, async ([parent, inside]) => {
        const { there } = await look(homes.get(parent), inside.map(nameOf));
        for (const each of inside) if (there.has(nameOf(each))) homes.set(each, folderOf(there.get(nameOf(each))));
      });
      await forEach(alike, async (each) => {
        if (!homes.has(each)) {
          homes.set(each, await makeFolder(homes.get(above(each)), nameOf(each)));
          fresh.add(each);
        }
        if (!above(each)) await place(homes.get(each), { parent: target.id });
        far?.tell(homes.size - 1);
      });
    }
  } finally {
    far?.end();
  }
  return homes;
}

const depthOf = (path) => path.split("/").length;
const above = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path) => path.slice(path.lastIndexOf("/") + 1);

async function makeFolder(parent, name) {
  try {
    return (await call("POST", "/api/v1/entries", { kind: "folder", name, parent })).id;
  } catch (problem) {
    const found = problem.code === "name_taken" && (await look(parent, [name])).there.get(name); // made elsewhere a moment ago
    if (!found) throw problem;
    return folderOf(found);
  }
}

function folderOf({ id, kind, name }) {
  if (kind !== "folder") throw new Problem(409, { detail: _("“%(name)s” is a file there, and no folder can have its name. Nothing has been sent.", { name }) });
  return id;
}

// A few at once; the first that fails ends it for those that have not begun.
async function forEach(all, deed) {
  const left = [...all];
  const next = async () => {
    while (left.length) await deed(left.shift());
  };
  await Promise.all(Array.from({ length: FOLDERS_AT_ONCE }, () => next().catch((problem) => {
    left.length = 0;
    throw problem;
  })));
}

async function findClashes(wanted) {
  const clashes = [];
  for (const [parent, going] of Map.groupBy(wanted, (one) => one.parent)) {
    const { there, looks } = await look(parent, going.map(({ file }) => file.name.normalize("NFC")));
    for (const one of going) {
      const name = one.file.name.normalize("NFC");
      one.looks = looks[name];
      if (there.has(name)) clashes.push({ file: one.file, there: there.get(name), looks: one.looks });
    }
  }
  return clashes;
}

// What a folder holds of these names, and what files of such names look like.
async function look(parent, names) {
  const told = { there: new Map(), looks: {} };
  for (let from = 0; from < names.length; from += NAMES_AT_ONCE) {
    const { taken, looks } = await call("POST", `/files/${parent}/taken`, { names: names.slice(from, from + NAMES_AT_ONCE) });
    for (const one of taken) told.there.set(one.name, one);
    Object.assign(told.looks, looks);
  }
  return told;
}

export const pick = (id) => document.getElementById(id).click();
