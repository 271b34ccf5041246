// The share dialog: with whom, in which role, and the link for everybody who has it. Every change counts at once.

import { call } from "./api.js";
import { avatar } from "./avatar.js";
import { copy } from "./clipboard.js";
import { ask } from "./dialogs.js";
import { icon, make } from "./dom.js";
import { _ } from "./gettext.js";
import { announce, orSay } from "./toast.js";

const FOR_PEOPLE = [["viewer", _("Can view")], ["editor", _("Can edit")]];
const FOR_LINKS = [["download", _("View and download")], ["view", _("View only")], ["upload", _("Bring files only")]];
const LINK_WORDS = { download: _("Whoever has it can view and download"), view: _("Whoever has it can view"), upload: _("Whoever has it can bring files, and see none") };

export async function show(row) {
  const { id, name, kind } = row.dataset;
  const { results } = await call("GET", `/api/v1/entries/${id}/shares`);
  const people = make("ul", { class: "share-people" }, owner(), ...results.filter((one) => !one.link).map(person));
  const link = make("section", { class: "share-link", "aria-label": _("Link") });
  drawLink(link, id, kind, results.find((one) => one.link) ?? null);
  return ask({
    title: _("Share “%(name)s”", { name }), classes: "share", verb: _("Done"), cancel: null, extra: make("span", { class: "dim" }, _("Changes count at once")),
    body: make("div", {}, adding(id, people), people, link), decide: async () => true, first: null,
  });
}

function adding(id, people) {
  const field = make("input", { id: "share-whom", class: "text-input", type: "text", placeholder: _("User name"), autocomplete: "off", "aria-label": _("User name"), "aria-describedby": "share-error" });
  const role = select(_("Role"), FOR_PEOPLE, "viewer");
  const error = make("p", { id: "share-error", class: "field-error", role: "alert" });
  const add = async () => {
    if (!field.value.trim()) return;
    try {
      const share = await call("POST", `/api/v1/entries/${id}/shares`, { user: field.value.trim(), role: role.value });
      people.querySelector(`[data-share="${share.id}"]`)?.remove();
      people.append(person(share));
      announce(_("Shared with %(user)s", { user: share.user }));
      [field.value, error.textContent] = ["", ""];
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      error.textContent = problem.hint;
    }
    field.focus();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
  return make("div", { class: "share-add" }, field, role, make("button", { type: "button", class: "button primary", onclick: add }, _("Add")), error);
}

function owner() {
  const name = document.body.dataset.user;
  return make("li", {}, avatar(name), make("span", {}, make("b", {}, name)), make("span", { class: "dim" }, _("Owner")));
}

function person(share) {
  const name = share.user ?? share.group;
  const role = select(_("What %(name)s can do", { name }), [...FOR_PEOPLE, ["none", _("Take it back")]], share.role);
  const line = make("li", { "data-share": share.id }, avatar(name), make("span", {}, make("b", {}, name), share.group ? make("small", {}, _("A group")) : null), role);
  role.addEventListener("change", () => orSay(async () => {
    if (role.value !== "none") {
      await call("PATCH", `/api/v1/shares/${share.id}`, { role: role.value });
      return;
    }
    await call("DELETE", `/api/v1/shares/${share.id}`);
    line.remove();
    announce(_("%(name)s sees it no more", { name }));
  }));
  return line;
}

function drawLink(section, id, kind, share) {
  const box = make("input", { type: "checkbox", class: "switch", checked: share !== null, "aria-label": _("Anyone with the link") });
  box.addEventListener("change", () => orSay(async () => {
    const made = box.checked ? await call("POST", `/api/v1/entries/${id}/shares`, { role: "download" }) : null;
    if (!made) await call("DELETE", `/api/v1/shares/${share.id}`);
    drawLink(section, id, kind, made);
    section.querySelector("input").focus();
    announce(made ? _("The link works") : _("The link is gone"));
  }));
  const words = share ? LINK_WORDS[share.role] + until(share) : _("There is none");
  section.replaceChildren(
    make("div", { class: "share-anyone" }, make("span", { class: "share-sign" }, icon("link", 18)), make("span", {}, make("b", {}, _("Anyone with the link")), make("small", {}, words)), box),
    ...(share ? terms(section, id, kind, share) : []),
  );
}

const until = (share) => (share.link.expires_at ? _(" until %(year)s", { year: new Date(share.link.expires_at).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" }) }) : "");

function terms(section, id, kind, share) {
  const url = make("input", { class: "text-input mono", type: "text", readonly: "", value: share.link.url, "aria-label": _("The link") });
  const take = make("button", { type: "button", class: "button", onclick: () => orSay(async () => {
    await copy(share.link.url);
    take.replaceChildren(icon("check"), _("Copied"));
    announce(_("The link is copied"));
  }) }, icon("copy"), _("Copy link"));
  const change = (fields) => orSay(async () => drawLink(section, id, kind, await call("PATCH", `/api/v1/shares/${share.id}`, fields)));
  const roles = kind === "folder" ? FOR_LINKS : FOR_LINKS.filter(([role]) => role !== "upload");
  const role = select(_("People can"), roles, share.role, "share-role");
  role.addEventListener("change", () => change({ role: role.value }));
  const end = make("input", { id: "share-end", class: "text-input", type: "date", min: day(Date.now() + 86_400_000), value: share.link.expires_at ? day(Date.parse(share.link.expires_at)) : "" });
  end.addEventListener("change", () => change({ expires_at: end.value ? new Date(`${end.value}T23:59:59`).toISOString() : null }));
  const password = make("input", { id: "share-password", class: "text-input", type: "password", autocomplete: "new-password", placeholder: share.link.has_password ? _("Set; type a new one") : _("None") });
  password.addEventListener("change", () => change({ password: password.value }));
  const off = share.link.has_password ? make("button", { type: "button", class: "button quiet small", onclick: () => change({ password: "" }) }, _("Without a password")) : null;
  return [
    make("div", { class: "share-url" }, url, take),
    make("div", { class: "share-terms" }, field(_("People can"), role), field(_("Ends on"), end), field(_("Password"), password)),
    off,
  ].filter(Boolean);
}

// As a field has it, where the reader is.
const day = (time) => new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

const field = (label, input) => make("div", { class: "field" }, make("label", { for: input.id }, label), input);

function select(label, choices, value, id = "") {
  const element = make("select", { class: "select", ...(id ? { id } : { "aria-label": label }) }, ...choices.map(([key, words]) => make("option", { value: key }, words)));
  element.value = value;
  return element;
}
