// Menus: placed beside what opened them, walked by the arrow keys. They are popovers, so they open without scripts.

import { icon, make } from "./dom.js";
import { page } from "./page.js";
import { giveBack } from "./redraw.js";

const MARGIN = 8;
const PHONE = "(max-width: 599px)";
const adopted = new WeakSet();
let opener = null; // of the menu that is open

const isShown = (menu) => menu.matches(":popover-open");
export const isOpen = () => document.querySelector(".menu:popover-open") !== null;

// Opens the menu of a row's deeds at a point, or at an element.
export function show(deeds, at, run) {
  const menu = document.getElementById("deeds-menu");
  menu.parentElement.hidden = false;
  menu.replaceChildren(
    ...deeds.flatMap((deed, place) => {
      const item = make(
        "button",
        { type: "button", role: "menuitem", class: deed.danger ? "danger" : "", onclick: () => { menu.hidePopover(); giveBack(opener); run(deed); } },
        icon(deed.icon), deed.label, deed.key ? make("kbd", {}, deed.key) : null,
      );
      return deed.apart && place ? [make("hr"), item] : [item];
    }),
  );
  menu.showPopover();
  putAt(menu, ...(at instanceof Element ? corner(at) : [at.x, at.y]));
  menu.querySelector('[role="menuitem"]').focus();
}

function corner(element) {
  const box = element.getBoundingClientRect();
  return [box.right - 224, box.bottom + 2];
}

export function start() {
  document.querySelectorAll(".menu").forEach(adopt);
  document.addEventListener("page:shown", () => page().querySelectorAll(".menu").forEach(adopt));
}

function adopt(menu) {
  if (adopted.has(menu)) return;
  adopted.add(menu);
  const openers = () => [...document.querySelectorAll(`[popovertarget="${menu.id}"]`)];
  menu.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") opener = document.activeElement;
  });
  menu.addEventListener("toggle", (event) => {
    for (const button of openers()) button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open" && menu.classList.contains("below")) putBelow(menu, openers()[0]);
    const isInside = menu.contains(document.activeElement); // this event comes late: a key may have been quicker
    if (event.newState === "open" && !isInside) menu.querySelector('[role="menuitem"]:not([hidden])')?.focus({ focusVisible: true });
    else if (event.newState === "closed") giveBack(opener);
    if (menu.parentElement?.id === "deeds") menu.parentElement.hidden = !isShown(menu); // a region without anything in it is none
  });
  menu.addEventListener("keydown", (event) => walk(menu, event));
  menu.addEventListener("click", (event) => {
    if (event.target.closest("[data-deed]")) menu.hidePopover();
  });
}

function putBelow(menu, button) {
  const box = button.getBoundingClientRect();
  putAt(menu, box.left, box.bottom + 4);
}

// Where it is seen as a whole; on phones its place is the foot.
function putAt(menu, x, y) {
  const isFree = !matchMedia(PHONE).matches;
  menu.style.left = isFree ? `${Math.max(MARGIN, Math.min(x, innerWidth - menu.offsetWidth - MARGIN))}px` : "";
  menu.style.top = isFree ? `${Math.max(MARGIN, Math.min(y, innerHeight - menu.offsetHeight - MARGIN))}px` : "";
}

function walk(menu, event) {
  const items = [...menu.querySelectorAll('[role="menuitem"]')].filter((item) => item.offsetParent !== null);
  const here = items.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items.at(to % items.length)?.focus();
  } else if (event.key === "Tab") {
    menu.hidePopover();
  }
}
