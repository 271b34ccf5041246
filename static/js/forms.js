// The forms of the account's pages: sent without leaving the page, so that uploads go on. Without it they work as forms.

import { confirm } from "./dialogs.js";
import { page, send } from "./page.js";
import { reveal } from "./reveal.js";
import { showTheme } from "./theme.js";
import { orSay } from "./toast.js";

const underWay = new WeakSet(); // forms whose answer has not come: pressing twice means once

export function start() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-in-page]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.atOnce !== undefined) orSay(() => submit(form)); // each choice counts, the last one at last
    else if (!underWay.has(form)) orSay(() => once(form));
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest("form[data-at-once]")) event.target.form.requestSubmit();
  });
  document.addEventListener("click", (event) => {
    const eye = event.target.closest("[data-reveal]");
    if (eye) reveal(eye);
  });
}

async function once(form) {
  underWay.add(form);
  try {
    await submit(form);
  } finally {
    underWay.delete(form);
  }
}

async function submit(form) {
  const { ask, askWords } = form.dataset;
  if (ask && !(await confirm({ title: ask, words: askWords, verb: form.textContent.trim(), danger: true }))) return;
  const before = form.dataset.atOnce === undefined ? null : document.activeElement?.id;
  await send(form);
  showTheme();
  const [wrong, said] = [page().querySelector('[aria-invalid="true"]'), page().querySelector("[data-said]")];
  (before ? document.getElementById(before) : (wrong ?? said))?.focus();
}
