// Puts text on the clipboard. Browsers keep theirs from pages that come without TLS: those copy a selection.

import { make } from "./dom.js";

export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const before = document.activeElement;
  const field = make("textarea", { class: "visually-hidden", readonly: "" }, text);
  (document.querySelector("dialog[open]") ?? document.body).append(field); // beside an open dialog nothing can be selected
  field.select();
  document.execCommand("copy");
  field.remove();
  return before?.focus();
}
