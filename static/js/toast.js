// Short news at the foot of the page, with at most one deed; and words for screen readers alone.

import { button, make } from "./dom.js";
import { _ } from "./gettext.js";

const SHOWN_MS = 8000;
let undo = null; // the last deed that can be undone, for Ctrl+Z as well

export function toast(words, { deed, onDeed } = {}) {
  const box = make("div", { class: "toast" }, make("p", {}, words));
  const leave = () => box.remove();
  if (deed === _("Undo")) undo = () => { leave(); onDeed(); };
  let timer = setTimeout(leave, SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const goOn = () => {
    stay();
    timer = setTimeout(leave, SHOWN_MS);
  };
  if (deed) {
    box.append(
      make("button", { type: "button", onclick: () => { stay(); leave(); undo = null; onDeed(); } }, deed),
    );
  } else {
    box.append(button(_("Close"), "x", leave, "icon-only"));
  }
  box.addEventListener("pointerenter", stay);
  box.addEventListener("pointerleave", goOn);
  box.addEventListener("focusin", stay);
  box.addEventListener("focusout", goOn);
  const toasts = document.getElementById("toasts");
  toasts.replaceChildren(box);
  return leave;
}

// Says what was done, with the way back.
export const toastDone = (words, undoIt) => toast(words, { deed: _("Undo"), onDeed: () => orSay(undoIt) });

// How far something long is: stays until it ends.
export function progress(words, all) {
  const bar = make("progress", { max: all, value: 0, "aria-label": words });
  const figures = make("span");
  const tell = (done) => {
    bar.value = done;
    figures.textContent = _("%(done)s of %(all)s", { done, all });
  };
  tell(0);
  const box = make("div", { class: "toast" }, make("p", {}, words), bar, figures);
  document.getElementById("toasts").replaceChildren(box);
  return { tell, end: () => box.remove() };
}

export function undoLast() {
  const deed = undo;
  undo = null;
  deed?.();
  return deed !== null;
}

export function announce(words) {
  document.getElementById("news").textContent = words;
}

const SAID = ["toasts", "news", "offline", "signed-out"];

// What lies beneath an open dialog is neither seen nor read out, so these places are in the topmost one, or in the page.
export function stayOnTop() {
  const top = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  top.append(...SAID.map((id) => document.getElementById(id)));
}

export async function orSay(deed) {
  try {
    return await deed();
  } catch (problem) {
    if (!(problem instanceof Error) || problem.status === undefined) throw problem;
    toast(problem.message);
    return undefined;
  }
}
