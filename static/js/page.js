// Moves between folders without leaving the page, so that uploads go on. Without it every link works as a link.

import { Problem, reach } from "./api.js";
import { _ } from "./gettext.js";
import { released } from "./press.js";
import { announce, toast } from "./toast.js";
import { localise } from "./words.js";

const OURS = /^\/(files\/[0-9a-f-]+|trash|recent|starred|search|shared|cluster|account(\/[a-z]+)?)?$/;

export const page = () => document.getElementById("page");
export const folderId = () => page().dataset.folder || null;
export const isAnywhere = () => ["recent", "starred", "search", "shared"].includes(page().dataset.place);
export const hasEntries = () => !["cluster", "account"].includes(page().dataset.place);
export const mayFill = () => folderId() !== null && page().dataset.may !== "view";
export const isOwnFolder = () => folderId() !== null && !page().dataset.nav;
export const inTrash = () => page().dataset.place === "trash";

const MOST_LEFT = 6;
const AGAIN_MS = 2000;
const left = new Map(); // key of a place in the history → the page as it was left there
let key = null;
let journey = 0;
let leavingFor = null; // where one is on the way to
let missed = null; // what the connection was gone for

// Tells whether the page was shown: not when the connection is gone, or when one went somewhere else meanwhile.
export async function go(url, { remember = true, scroll = 0, focusId = null, isNews = true } = {}) {
  const mine = (journey += 1);
  leavingFor = isNews ? url : null;
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "text/html" } });
  } catch {
    if (mine !== journey) return false;
    leavingFor = null;
    if (remember || missed !== url) toast(_("The connection is gone. Try again when it is back."));
    missed = remember ? null : url; // the address says already that one is there
    if (navigator.onLine) setTimeout(goToMissed, AGAIN_MS); // it may say so before there is a way
    return false;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!isNews) await released();
  if (mine !== journey) return false; // somewhere else was gone to meanwhile
  [leavingFor, missed] = [null, null];
  const next = fresh.getElementById("page");
  if (!response.ok || !next) {
    window.location.assign(response.url);
    return false;
  }
  if (remember) {
    putAside();
    key = newKey();
    history.pushState({ key }, "", response.url);
  }
  show(document.adoptNode(next), fresh, { scroll, focusId, isNews });
  return true;
}

function goToMissed() {
  if (missed) go(missed, { remember: false });
}

// Sends a form and puts the page it is answered with in the place of this one.
export async function send(form) {
  const mine = (journey += 1);
  leavingFor = null;
  const response = await reach(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (mine !== journey) return;
  const next = fresh.getElementById("page");
  if (response.ok && next) show(document.adoptNode(next), fresh, { scroll: window.scrollY });
  else if (response.ok) window.location.assign(response.url); // signed out meanwhile
  else throw new Problem(response.status, { detail: fresh.querySelector("main p")?.textContent });
}

function show(next, fresh, { scroll, focusId = null, cursor, isNews = true }) {
  page().replaceWith(next);
  arrive(fresh);
  if (isNews) announce(next.dataset.name);
  document.dispatchEvent(new CustomEvent("page:shown", { detail: { focusId, cursor, scroll, isNews } }));
}

// Keeps the page that is left as it is, with all the rows that have come, for the way back; who hears of it adds to it.
function putAside() {
  const there = { scroll: window.scrollY, focusId: focusedId() };
  if (isOwnFolder()) { // what others share is asked for anew: it may be so no more
    there.element = page();
    document.dispatchEvent(new CustomEvent("page:leaving", { detail: there }));
  }
  left.delete(key);
  left.set(key, there);
  if (left.size > MOST_LEFT) left.delete(left.keys().next().value);
}

const newKey = () => `${Date.now()}-${Math.random()}`;

export async function refresh(focusId = null) {
  if (leavingFor) return; // what is about to be left needs no news
  await go(window.location.pathname + window.location.search, { remember: false, scroll: window.scrollY, focusId, isNews: false });
}

// Another order or view of the same place. It is remembered, so the address stays the place's own; or else it says it.
export async function arrange(link) {
  left.clear(); // they are arranged as before
  const selector = link.dataset.order ? `.heads .${link.classList[0]}` : `[data-view="${link.dataset.view}"]`;
  const { href } = link;
  if (!(await go(href, { remember: false, scroll: link.dataset.order ? 0 : window.scrollY }))) return;
  if ("said" in link.dataset) history.replaceState(history.state, "", href);
  page().querySelector(selector)?.focus();
}

// What is found, narrowed in another way; the keyboard stays where it was.
async function narrow(link) {
  const menu = link.closest(".menu");
  await go(link.href);
  page().querySelector(menu ? `[popovertarget="${menu.id}"]` : ".filters > a")?.focus();
}

export function switchView() {
  const other = page().querySelector(".view-switch a:not([aria-current])");
  if (other) arrange(other);
}

export function start() {
  history.scrollRestoration = "manual";
  arrive(document);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || !OURS.test(url.pathname) || link.target) return;
    if (link.closest("#list .row")) return; // a row is selected by a click
    event.preventDefault();
    if (link.dataset.order || link.dataset.view) arrange(link);
    else if (link.closest(".filters")) narrow(link);
    else go(link.href);
  });
  window.addEventListener("online", goToMissed);
  key = history.state?.key ?? newKey();
  history.replaceState({ ...history.state, key }, "");
  window.addEventListener("popstate", (event) => {
    const there = left.get(event.state?.key);
    putAside();
    key = event.state?.key ?? newKey();
    journey += 1;
    [leavingFor, missed] = [null, null];
    if (there?.element) show(there.element, document, there);
    else go(window.location.href, { ...there, remember: false });
  });
}

function focusedId() {
  return document.activeElement?.closest?.(".row")?.dataset.id ?? null;
}

function arrive(fresh) {
  const here = page();
  for (const element of here.querySelectorAll("noscript")) element.remove();
  for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
  localise(here);
  document.title = here.dataset.title;
  for (const place of document.querySelectorAll(".place[data-place]")) {
    if (place.dataset.place === (here.dataset.nav ?? here.dataset.place)) place.setAttribute("aria-current", "page");
    else place.removeAttribute("aria-current");
  }
  const room = fresh.getElementById("room");
  if (room && fresh !== document) document.getElementById("room").replaceWith(document.adoptNode(room));
  showPhoneTitle(here);
}

function showPhoneTitle(here) {
  const title = document.getElementById("phone-title");
  title.replaceChildren();
  const crumbs = [...here.querySelectorAll(".crumbs a")].map((crumb) => crumb.textContent);
  if (here.dataset.up) {
    const back = document.createElement("a");
    back.href = here.dataset.up;
    back.className = "icon-button";
    back.setAttribute("aria-label", _("Back to %(crumbs)s", { crumbs: crumbs.at(-1) }));
    back.innerHTML = '<svg class="icon icon-20" aria-hidden="true"><use href="#i-chevron-left"/></svg>';
    title.append(back);
  }
  const words = document.createElement("div");
  const isHeading = here.querySelector(".crumb-row h1") !== null; // which is not shown on phones
  const name = document.createElement(isHeading ? "h1" : "p");
  name.textContent = here.dataset.name;
  words.append(name);
  const more = here.dataset.query ? `“${here.dataset.query}”` : crumbs.join(", ");
  if (more) {
    const path = document.createElement("small");
    path.textContent = more;
    words.append(path);
  }
  title.append(words);
  const [other, view] = [here.querySelector(".view-switch a:not([aria-current])"), document.getElementById("phone-view")];
  view.hidden = !other;
  if (!other) return;
  view.href = other.getAttribute("href");
  view.dataset.view = other.dataset.view;
  view.setAttribute("aria-label", other.getAttribute("aria-label"));
  view.querySelector("use").setAttribute("href", other.querySelector("use").getAttribute("href"));
}
