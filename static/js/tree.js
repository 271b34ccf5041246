// A tree of folders to choose one from, in a dialog: opened level by level, walked by the arrow keys.

import { call } from "./api.js";
import { askName } from "./dialogs.js";
import { icon, make } from "./dom.js";
import { _ } from "./gettext.js";
import { orSay } from "./toast.js";

const MOST = 1000; // folders shown of one level

// Returns the tree's element, with `chosen` as { id, name }. Folders in `without` cannot be gone into.
export function folderTree({ rootId, startId, without = new Set(), onChange }) {
  const tree = make("ul", { class: "tree", role: "tree", "aria-label": _("Folders") });
  tree.chosen = null;
  const items = () => [...tree.querySelectorAll('[role="treeitem"]')].filter((item) => item.offsetParent !== null);

  function node(folder, level) {
    const isBarred = without.has(folder.id);
    const line = make("div", { class: "branch" }, make("span", { class: "twist" }, icon("chevron-right", 16)), icon("folder", 18), make("span", {}, folder.name));
    const item = make("li", { role: "treeitem", tabindex: "-1", "aria-level": level, "aria-expanded": "false", "aria-selected": "false", "aria-disabled": String(isBarred) }, line);
    item.folder = folder;
    item.style.setProperty("--level", level - 1);
    line.addEventListener("click", (event) => {
      goTo(item);
      if (event.target.closest(".twist")) toggle(item);
    });
    line.addEventListener("dblclick", () => toggle(item));
    return item;
  }

  async function open(item) {
    if (item.getAttribute("aria-disabled") === "true") return;
    if (!item.below) {
      const { results } = await call("GET", `/api/v1/entries?parent=${item.folder.id}&kind=folder&limit=${MOST}`);
      if (item.below) return; // asked for twice at once
      item.below = make("ul", { role: "group" });
      const level = Number(item.getAttribute("aria-level")) + 1;
      item.below.append(...results.map((folder) => node(folder, level)));
      item.append(item.below);
      if (!results.length) item.removeAttribute("aria-expanded");
    }
    if (item.hasAttribute("aria-expanded")) item.setAttribute("aria-expanded", "true");
  }

  const toggle = (item) => (item.getAttribute("aria-expanded") === "true" ? item.setAttribute("aria-expanded", "false") : orSay(() => open(item)));

  function choose(item) {
    for (const other of tree.querySelectorAll('[aria-selected="true"]')) other.setAttribute("aria-selected", "false");
    for (const other of tree.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    item.setAttribute("aria-selected", "true");
    item.tabIndex = 0;
    tree.chosen = item.getAttribute("aria-disabled") === "true" ? null : item.folder;
    onChange(tree.chosen);
  }

  // Its own line is scrolled to, not all that lies below it.
  function goTo(item) {
    choose(item);
    item.focus({ preventScroll: true });
    item.firstElementChild.scrollIntoView({ block: "nearest" });
  }

  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest('[role="treeitem"]');
    const all = items();
    const here = all.indexOf(item);
    const isOpen = item.getAttribute("aria-expanded") === "true";
    let next = { ArrowDown: all[here + 1], ArrowUp: all[here - 1], Home: all[0], End: all.at(-1) }[event.key];
    if (event.key === "ArrowRight") isOpen ? (next = all[here + 1]) : toggle(item);
    else if (event.key === "ArrowLeft") isOpen ? toggle(item) : (next = item.parentElement.closest('[role="treeitem"]'));
    else if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    if (!next) return;
    goTo(next);
  });

  // Makes a folder in the chosen one, and chooses it.
  tree.addFolder = async () => {
    const parent = tree.querySelector('[aria-selected="true"]');
    const made = await askName({
      title: _("New folder in “%(name)s”", { name: parent.folder.name }), label: _("Name"), verb: _("Make the folder"),
      save: (name) => call("POST", "/api/v1/entries", { kind: "folder", parent: parent.folder.id, name }),
    });
    if (!made) return;
    parent.below?.remove();
    parent.below = null;
    parent.setAttribute("aria-expanded", "false");
    await open(parent);
    const item = [...parent.below.children].find((one) => one.folder.id === made.id);
    goTo(item);
  };

  // Opens the way to the folder in which one is.
  tree.begin = async () => {
    const root = node({ id: rootId, name: _("My files") }, 1);
    tree.append(root);
    choose(root);
    await open(root);
    let item = root;
    for (const id of await wayTo(startId, rootId)) {
      const below = [...(item.below?.children ?? [])].find((one) => one.folder.id === id);
      if (!below) break;
      item = below;
      await open(item);
    }
    goTo(item);
  };
  return tree;
}

async function wayTo(id, rootId) {
  const way = [];
  for (let at = id; at && at !== rootId; ) {
    way.unshift(at);
    ({ parent: at } = await call("GET", `/api/v1/entries/${at}`));
  }
  return way;
}
