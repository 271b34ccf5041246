// Questions before a deed: a name to type, or a yes to something that cannot be undone.

import { make } from "./dom.js";
import { _ } from "./gettext.js";
import { giveBack } from "./redraw.js";
import { stayOnTop } from "./toast.js";

let counter = 0;

// Asks for a name; `save` does the deed and may reject with words, which are shown below the field.
export function askName({ title, label, value = "", verb, save }) {
  const id = `name-${(counter += 1)}`;
  const input = make("input", { id, class: "text-input", type: "text", autocomplete: "off", value, required: true, "aria-describedby": `${id}-error` });
  const error = make("p", { id: `${id}-error`, class: "field-error", role: "alert" });
  const field = make("div", { class: "field" }, make("label", { for: id }, label), input, error);
  return ask({ title, body: field, verb, first: input, select: stemLength(value), decide: async () => {
    try {
      return await save(input.value.trim());
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      error.textContent = problem.hint || problem.message;
      input.setAttribute("aria-invalid", "true");
      input.select();
      return undefined;
    }
  } });
}

export function confirm({ title, words, ...looks }) {
  return ask({ title, body: make("p", {}, words), decide: async () => true, ...looks });
}

// Shows a dialog and resolves to what `decide` returns, or to undefined when it is closed.
export function ask({ title, lead = "", body, verb, decide, first = null, select = 0, danger = false, classes = "", wide = false, extra = null, cancel = _("Cancel") }) {
  return new Promise((resolve) => {
    const id = `dialog-${(counter += 1)}`;
    const yes = make("button", { type: "submit", class: `button ${danger ? "danger" : "primary"}` }, verb);
    const form = make(
      "form", { method: "dialog" },
      make("div", { class: "dialog-head" }, make("h2", { id }, title), lead ? make("p", {}, lead) : null),
      classes ? body : make("div", { class: "dialog-body" }, body),
      make("div", { class: "dialog-foot" }, extra, cancel ? make("button", { type: "button", class: "button", onclick: () => dialog.close() }, cancel) : null, yes),
    );
    const dialog = make("dialog", { class: wide ? "wide" : classes, "aria-labelledby": id }, form);
    const opener = document.activeElement;
    let answer;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      yes.disabled = true;
      try {
        answer = await decide();
      } finally {
        yes.disabled = false;
      }
      if (answer !== undefined) dialog.close();
    });
    dialog.addEventListener("close", () => {
      stayOnTop();
      dialog.remove();
      giveBack(opener);
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    stayOnTop();
    (first || yes).focus();
    if (first) first.setSelectionRange(0, select || first.value.length);
  });
}

function stemLength(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? dot : name.length;
}
