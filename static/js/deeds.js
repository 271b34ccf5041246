// What can be done with entries: the same deeds for the bar, the menu and the keyboard.

import { call, part, token } from "./api.js";
import { askName, confirm } from "./dialogs.js";
import { make } from "./dom.js";
import { _ } from "./gettext.js";
import * as moving from "./moving.js";
import { leave } from "./leaving.js";
import { doToAll, FEW, told } from "./many.js";
import { folderId, go, inTrash, isAnywhere, mayFill, page, refresh, switchView } from "./page.js";
import { bring, placeAll, placeOf, reach, rowOf, total } from "./rows.js";
import { changed, focus, focused, select, selectAll, targets } from "./selection.js";
import * as share from "./share.js";
import { announce, toast, toastDone } from "./toast.js";
import { things } from "./words.js";
import * as details from "./details.js";
import * as preview from "./preview/overlay.js";

const entry = (id) => `/api/v1/entries/${id}`;
const going = new Set(); // ids of what leaves the list as soon as it is answered

const IN_FOLDER = [
  { name: "open", label: _("Open"), icon: "eye", key: "Enter", one: true },
  { name: "download", label: _("Download"), icon: "download", inBar: true },
  { name: "share", label: _("Share"), icon: "user-plus", inBar: true, owned: true },
  { name: "show-place", label: _("Show in its folder"), icon: "folder-open", one: true, anywhere: true },
  { name: "about", label: _("Details"), icon: "panel-right", key: "d", one: true },
  { name: "rename", label: _("Rename"), icon: "pencil", key: "F2", one: true, apart: true, inBar: true, changes: true },
  { name: "move", label: _("Move or copy"), short: _("Move"), icon: "folder-input", inBar: true, changes: true },
  { name: "star", label: _("Star"), icon: "star", key: "s", inBar: true, owned: true },
  { name: "trash", label: _("Move to trash"), short: _("Trash"), icon: "trash-2", key: "Del", apart: true, danger: true, inBar: true, changes: true },
];
const IN_TRASH = [
  { name: "restore", label: _("Put back"), icon: "undo-2", inBar: true },
  { name: "purge", label: _("Delete for ever"), icon: "trash-2", key: "Del", apart: true, danger: true, inBar: true },
];

export function deedsFor(chosen) {
  const all = inTrash() ? IN_TRASH : IN_FOLDER;
  const isStarred = chosen.every((one) => one.starred);
  const said = all.map((deed) => (deed.name === "star" && isStarred ? { ...deed, label: _("Take the star away"), short: _("Unstar") } : deed));
  const isThere = (deed) => !deed.anywhere || (isAnywhere() && chosen[0].parent);
  const may = (deed) => isThere(deed) && (!deed.owned || chosen.every((one) => one.may === "own")) && (!deed.changes || chosen.every((one) => one.may !== "view"));
  return said.filter((deed) => inTrash() || may(deed)).filter((deed) => (!deed.one || chosen.length === 1) && (!deed.kind || chosen[0].kind === deed.kind));
}

// What can be done with the place itself.
export function deedsHere() {
  const other = page().querySelector(".view-switch a:not([aria-current])");
  const all = [
    mayFill() && { name: "new-folder", label: _("New folder"), icon: "folder-plus" },
    mayFill() && { name: "upload-files", label: _("Upload files"), icon: "upload", apart: true },
    mayFill() && { name: "upload-folder", label: _("Upload folder"), icon: "folder-up" },
    mayFill() && moving.hasTaken() && { name: "paste", label: _("Paste"), icon: "clipboard-paste", key: "Ctrl V", apart: true },
    total() && { name: "select-all", label: _("Select all"), icon: "square-check-big", key: "Ctrl A", apart: true },
    other && { name: "view", label: other.getAttribute("aria-label"), icon: other.dataset.view === "grid" ? "layout-grid" : "list", key: "v" },
    inTrash() && total() && { name: "empty-trash", label: _("Empty the trash"), icon: "trash-2", apart: true, danger: true },
  ];
  return all.filter(Boolean);
}

const target = () => rowOf(targets()[0]?.id);

export function open(row) {
  if (inTrash() || !row) return;
  if (row.dataset.kind === "folder") go(row.querySelector("a").href);
  else preview.open(row);
}

export const deeds = {
  open: () => open(target()),
  "show-place": () => showIn(targets()[0]),
  about: (row) => details.show(row?.dataset ? row : target()),

  download() {
    const chosen = targets();
    if (chosen.length > 1) takeSeveral(chosen, page().dataset.name);
    else for (const one of chosen) takeOne(one);
  },

  async "new-folder"() {
    const parent = folderId() || document.body.dataset.root;
    const made = await askName({
      title: _("New folder"), label: _("Name"), verb: _("Make the folder"),
      save: (name) => call("POST", "/api/v1/entries", { kind: "folder", parent, name }),
    });
    if (!made) return;
    if (inTrash()) await go(`/files/${parent}`, { focusId: made.id });
    else focus(await bring(made.id, { parent, areNew: true }));
    toastDone(_("The folder “%(name)s” is made.", made), () => takeBack([made], parent));
  },

  async rename() {
    const row = target();
    if (!row) return;
    const { id, name } = row.dataset;
    const at = placeOf(row);
    const renamed = await askName({
      title: _("Rename “%(name)s”", { name }), label: _("New name"), value: name, verb: _("Rename"),
      save: (fresh) => (fresh === name ? { id } : call("PATCH", entry(id), { name: fresh })),
    });
    const back = async () => {
      await call("PATCH", entry(id), { name });
      focus(await bring(id));
      changed();
    };
    if (renamed?.name !== undefined) toastDone(_("“%(name)s” is now “%(fresh)s”.", { name, fresh: renamed.name }), back);
    focus((renamed ? await bring(id) : rowOf(id)) ?? (await reach(Math.min(at, total() - 1))));
    changed();
  },

  move: () => moving.askWhere(),
  share: () => share.show(targets()),

  async star() {
    const all = targets();
    const starred = !all.every((one) => one.starred);
    const { done, trouble } = await giveStars(all.filter((one) => Boolean(one.starred) !== starred), starred);
    if (!done.length) return sayTrouble(trouble);
    const kept = done.map(({ id, name }) => ({ id, name }));
    const [one, many] = starred
      ? [_("“%(name)s” has a star.", kept[0]), _("%(things)s have a star.", { things: things(kept.length, "item") })]
      : [_("“%(name)s” has no star any more.", kept[0]), _("%(things)s have no star any more.", { things: things(kept.length, "item") })];
    toastDone(told(kept.length === 1 ? one : many, trouble), async () => sayTrouble((await giveStars(kept, !starred)).trouble));
  },

  async trash() {
    const from = folderId();
    const { done: gone, trouble } = await sendAway("trash", targets(), _("Moving to the trash"));
    if (!gone.length) return sayTrouble(trouble);
    const kept = gone.map(({ id, name }) => ({ id, name }));
    const words = gone.length === 1 ? _("“%(name)s” is in the trash.", { name: gone[0].name }) : _("%(things)s are in the trash.", { things: things(gone.length, "item") });
    toastDone(told(words, trouble), () => undo(kept, from));
  },

  async restore() {
    const { done: back, trouble } = await sendAway("restore", targets(), _("Putting back"));
    if (!back.length) return sayTrouble(trouble);
    const words = back.length === 1 ? _("“%(name)s” is back in its place.", { name: back[0].name }) : _("%(things)s are back in their places.", { things: things(back.length, "item") });
    const kept = back.map(({ id, name }) => ({ id, name }));
    toastDone(told(words, trouble), () => takeBack(kept));
  },

  async purge() {
    const chosen = targets();
    if (!chosen.length) return;
    const one = chosen.length === 1;
    const yes = await confirm({
      title: one ? _("Delete “%(name)s” for ever?", { name: chosen[0].name }) : _("Delete %(things)s for ever?", { things: things(chosen.length, "item") }),
      words: _("This cannot be undone. The room is yours again at once."), verb: _("Delete for ever"), danger: true,
    });
    if (!yes) return;
    const { done, trouble } = await sendAway("purge", chosen, _("Deleting for ever"));
    if (!done.length) return sayTrouble(trouble);
    toast(told(_("%(things)s deleted for ever.", { things: things(done.length, "item") }), trouble));
    refreshRoom();
  },

  async "empty-trash"() {
    const yes = await confirm({ title: _("Empty the trash?"), words: _("All that lies in it is deleted for ever, and its room is yours again."), verb: _("Empty the trash"), danger: true });
    if (!yes) return;
    const { purged } = await call("DELETE", "/api/v1/trash");
    await refresh();
    toast(_("%(things)s deleted for ever.", { things: things(purged, "item") }));
    refreshRoom();
  },

  paste: () => moving.paste(),

  view: switchView,

  "select-all": selectAll,

  "select-none"() {
    select([]);
  },
};

// Has entries leave the list, unless another place is shown by then. What is on its way already is not asked for again.
async function sendAway(operation, chosen, doing) {
  const some = chosen.filter((one) => !going.has(one.id));
  const ids = some.map((one) => one.id);
  const from = window.location.pathname;
  ids.forEach((id) => going.add(id));
  try {
    const outcome = await doToAll(operation, some, { doing });
    if (outcome.done.length && from === window.location.pathname) await leave(outcome.done);
    return outcome;
  } finally {
    ids.forEach((id) => going.delete(id));
  }
}

async function giveStars(chosen, starred) {
  const { done, trouble } = await doToAll(starred ? "star" : "unstar", chosen, { doing: starred ? _("Giving stars") : _("Taking stars away") });
  const focusedId = focused()?.dataset.id;
  for (const one of done) if (!rowOf(one.id)) one.starred = starred; // its row comes later
  await placeAll(done.map((one) => one.id).filter(rowOf));
  if (page().dataset.place === "starred") await refresh();
  focus(rowOf(focusedId));
  changed();
  return { done, trouble };
}

// Into the trash with what has just been made, or come from there.
async function takeBack(kept, from = null) {
  const { done, trouble } = await doToAll("trash", kept, { doing: _("Moving to the trash") });
  if (folderId() !== null && folderId() === from) await leave(done);
  else if (inTrash() || isAnywhere()) await refresh(done.at(-1)?.id);
  if (trouble) toast(trouble);
  else announce(_("Undone."));
}

async function undo(kept, from) {
  const { done, trouble } = await doToAll("restore", kept, { doing: _("Putting back") });
  const ids = done.map((one) => one.id);
  if (from && ids.length <= FEW) focus((await placeAll(ids, { parent: from })).at(-1));
  else if (from === folderId()) await refresh(ids.at(-1));
  if (trouble) toast(trouble);
  else announce(_("Back in its place."));
}

// Goes to the folder that an entry lies in, and to its row there.
export async function showIn({ id, parent }) {
  if (folderId() !== parent) await go(`/files/${parent}`);
  focus(await bring(id));
}

function takeOne({ id, kind, name }) {
  const isFolder = kind === "folder"; // comes as an archive, streamed
  const link = make("a", { href: `${entry(id)}/${isFolder ? "archive" : "content"}`, download: isFolder ? `${name}.zip` : name });
  link.click();
}

// As one archive. Into a frame: what is refused must not take the page away, nor may the browser ask whether to leave it.
function takeSeveral(chosen, name) {
  const frame = make("iframe", { name: "taken", hidden: true });
  const fields = { csrfmiddlewaretoken: token(), name, ids: chosen.map((one) => one.id).join(" ") };
  const form = make("form", { method: "POST", action: "/archive", target: "taken", hidden: true }, ...Object.entries(fields).map(([field, value]) => make("input", { type: "hidden", name: field, value })));
  document.querySelector("iframe[name=taken]")?.remove();
  document.body.append(frame, form);
  form.submit();
  form.remove();
  frame.addEventListener("load", () => frame.contentDocument?.URL !== "about:blank" && toast(_("This could not be made one archive. Take less at once, or try again in a moment.")));
}

function sayTrouble(trouble) {
  if (trouble) toast(trouble);
}

export async function refreshRoom() {
  const fresh = await part("/room");
  document.getElementById("room").replaceWith(fresh);
}
