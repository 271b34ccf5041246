// The share dialog: with whom, in which role, and the link for everybody who has it. Every change counts at once.

import { call } from "./api.js";
import { avatar } from "./avatar.js";
import { copy } from "./clipboard.js";
import { ask, confirm } from "./dialogs.js";
import { icon, make } from "./dom.js";
import { _ } from "./gettext.js";
import { announce, orSay, toastDone } from "./toast.js";
import { dayOf, things } from "./words.js";

const FOR_PEOPLE = [["viewer", _("Can view")], ["editor", _("Can edit")]];
const FOR_LINKS = [["download", _("View and download")], ["view", _("View only")], ["upload", _("Bring files only")]];
const MOST_DOWNLOADS = 2_147_483_647; // as the API has it
const LINK_WORDS = { download: _("Whoever has it can view and download"), view: _("Whoever has it can view"), upload: _("Whoever has it can bring files, and see none") };

// One entry or several: what is said of people counts for all of them, and a link is for one.
export async function show(chosen) {
  const all = chosen.map(({ id, name, kind }) => ({ id, name, kind }));
  const [{ id, name, kind }] = all;
  const isOne = all.length === 1;
  const shares = await sharesOf(all.map((one) => one.id));
  const known = Map.groupBy(shares.filter((one) => !one.link), keyOf);
  const people = make("ul", { class: "share-people" }, owner());
  people.append(...[...known.values()].map((some) => person(all, some, people)));
  const body = make("div", {}, adding(all, people), people);
  if (isOne) {
    const link = make("section", { class: "share-link", "aria-label": _("Link") });
    drawLink(link, id, kind, shares.find((one) => one.link) ?? null);
    body.append(link);
  }
  return ask({
    title: isOne ? _("Share “%(name)s”", { name }) : _("Share %(things)s", { things: things(all.length, "item") }),
    classes: "share", verb: _("Done"), cancel: null, extra: make("span", { class: "dim" }, _("Changes count at once")),
    body, decide: async () => true, first: null,
  });
}

// What these entries are shared with, a page at a time: of one its own shares, of several theirs of all that one shares.
async function sharesOf(ids) {
  const path = ids.length === 1 ? `/api/v1/entries/${ids[0]}/shares` : "/api/v1/shares";
  const wanted = new Set(ids), found = [];
  for (let next = `${path}?limit=1000`; next; ) {
    const page = await call("GET", next);
    found.push(...page.results.filter((one) => wanted.has(one.entry.id)));
    next = page.next && `${path}${new URL(page.next).search}`;
  }
  return found;
}

const keyOf = ({ user, group }) => JSON.stringify([user, group]);

// Sharing again changes the role. What is refused for one is not tried for those that follow.
async function give(all, whom, role, given) {
  for (const { id } of all) given(await call("POST", `/api/v1/entries/${id}/shares`, { ...whom, role }));
}

function adding(all, people) {
  const field = make("input", { id: "share-whom", class: "text-input", type: "text", placeholder: _("User name"), autocomplete: "off", "aria-label": _("User name"), "aria-describedby": "share-error" });
  const role = select(_("Role"), FOR_PEOPLE, "viewer");
  const error = make("p", { id: "share-error", class: "field-error", role: "alert" });
  const button = make("button", { type: "button", class: "button primary", onclick: () => add() }, _("Add"));
  const shared = (shares) => {
    people.querySelector(`[data-whom="${CSS.escape(keyOf(shares[0]))}"]`)?.remove();
    people.append(person(all, shares, people));
    announce(_("Shared with %(user)s", { user: shares[0].user }));
  };
  const add = async () => {
    if (!field.value.trim() || button.disabled) return;
    const shares = [];
    button.disabled = true;
    try {
      await give(all, { user: field.value.trim() }, role.value, (share) => {
        shares.push(share);
        if (all.length > 1) button.textContent = _("%(done)s of %(all)s", { done: shares.length, all: all.length });
      });
      [field.value, error.textContent] = ["", ""];
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      error.textContent = problem.hint;
    } finally {
      [button.disabled, button.textContent] = [false, _("Add")];
    }
    if (shares.length) shared(shares);
    field.focus();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  });
  return make("div", { class: "share-add" }, field, role, button, error);
}

function owner() {
  const name = document.body.dataset.user;
  return make("li", {}, avatar(name), make("span", {}, make("b", {}, name)), make("span", { class: "dim" }, _("Owner")));
}

// A person or a group with its shares, of some of the entries or of all.
function person(all, shares, people) {
  const { user, group } = shares[0];
  const name = user ?? group;
  const held = new Map(shares.map((share) => [share.entry.id, share]));
  const isAlike = held.size === all.length && new Set(shares.map((share) => share.role)).size === 1;
  const role = select(_("What %(name)s can do", { name }), [...(isAlike ? [] : [["", _("Not the same for all")]]), ...FOR_PEOPLE, ["none", _("Take it back")]], isAlike ? shares[0].role : "");
  const line = make("li", { "data-whom": keyOf(shares[0]) }, avatar(name), make("span", {}, make("b", {}, name), group ? make("small", {}, _("A group")) : null), role);
  const change = async () => {
    if (role.value !== "none") {
      await give(all, user ? { user } : { group }, role.value, (share) => held.set(share.entry.id, share));
      role.querySelector('[value=""]')?.remove();
      return;
    }
    const taken = [...held.values()];
    for (const [id, share] of held) {
      await call("DELETE", `/api/v1/shares/${share.id}`);
      held.delete(id);
    }
    const next = line.nextSibling;
    line.remove();
    toastDone(_("%(name)s sees it no more.", { name }), async () => {
      const again = [];
      for (const share of taken) await give([share.entry], user ? { user } : { group }, share.role, (made) => again.push(made));
      people.insertBefore(person(all, again, people), next?.isConnected ? next : null);
      announce(_("%(name)s sees it again.", { name }));
    });
  };
  role.addEventListener("change", () => orSay(() => change().catch((problem) => {
    const asItIs = person(all, [...held.values()], people); // be it that some were changed before one was refused
    line.replaceWith(asItIs);
    asItIs.querySelector("select").focus();
    throw problem;
  })));
  return line;
}

function drawLink(section, id, kind, share) {
  const box = make("input", { type: "checkbox", class: "switch", checked: share !== null, "aria-label": _("Anyone with the link") });
  let isTurning = false;
  const turn = async () => {
    if (share && !(await isMeant())) {
      box.checked = true;
      return;
    }
    const made = share ? null : await call("POST", `/api/v1/entries/${id}/shares`, { role: "download" });
    if (share) await call("DELETE", `/api/v1/shares/${share.id}`);
    drawLink(section, id, kind, made);
    section.querySelector("input").focus();
    announce(made ? _("The link works") : _("The link is gone"));
  };
  box.addEventListener("change", () => {
    if (isTurning) {
      box.checked = !box.checked; // until the answer has come it stays as it was asked for
      return;
    }
    isTurning = true;
    orSay(() => turn().catch((problem) => {
      box.checked = share !== null;
      throw problem;
    }).finally(() => (isTurning = false)));
  });
  const words = make("small", {}, _("There is none"));
  section.replaceChildren(
    make("div", { class: "share-anyone" }, make("span", { class: "share-sign" }, icon("link", 18)), make("span", {}, make("b", {}, _("Anyone with the link")), words), box),
    ...(share ? terms(kind, share, words) : []),
  );
}

// An address that was given up never works again, so there is no way back to offer afterwards.
const isMeant = () => confirm({
  title: _("Turn the link off?"), words: _("Nobody can open anything with it from now on, and this address never works again. A new link has another address."),
  verb: _("Turn it off"), cancel: _("Keep it"), danger: true,
});

const until = (end) => (end ? _(" until %(year)s", { year: dayOf(new Date(end)) }) : "");

const termsOf = ({ role, link }) => ({ role, ...link });

function terms(kind, share, words) {
  let held = termsOf(share);
  const asking = new Set(); // fields that say what does not hold yet: they are typed into, or their answer is under way
  const url = make("input", { class: "text-input mono", type: "text", readonly: "", value: held.url, "aria-label": _("The link") });
  const take = make("button", { type: "button", class: "button", onclick: () => orSay(async () => {
    await copy(held.url);
    take.replaceChildren(icon("check"), _("Copied"));
    announce(_("The link is copied"));
  }) }, icon("copy"), _("Copy link"));
  const role = select(_("People can"), kind === "folder" ? FOR_LINKS : FOR_LINKS.filter(([one]) => one !== "upload"), held.role, "share-role");
  const end = make("input", { id: "share-end", class: "text-input", type: "date", min: day(Date.now() + 86_400_000) });
  const password = make("input", { id: "share-password", class: "text-input", type: "password", autocomplete: "new-password" });
  const most = make("input", { id: "share-most", class: "text-input", type: "number", min: "1", max: String(MOST_DOWNLOADS), placeholder: _("Any number") });
  const made = make("p", { class: "dim" });
  const off = make("button", { type: "button", class: "button quiet small", onclick: () => change(password, "password", "") }, _("Without a password"));

  const fields = [ // what each asks for, what it says of what holds, and what it wants
    [role, "role", () => held.role, () => role.value],
    [end, "expires_at", () => (held.expires_at ? day(Date.parse(held.expires_at)) : ""), () => (end.value ? new Date(`${end.value}T23:59:59`).toISOString() : null)],
    [password, "password", () => "", () => password.value],
    [most, "max_downloads", () => String(held.max_downloads ?? ""), () => (most.value ? Number(most.value) : null)],
  ];

  const tell = () => {
    words.textContent = LINK_WORDS[held.role] + until(held.expires_at);
    for (const [input, , value] of fields) if (!asking.has(input)) input.value = value();
    password.placeholder = held.has_password ? _("Set; type a new one") : _("None");
    made.hidden = !held.max_downloads;
    made.textContent = held.max_downloads ? _("%(done)s of %(all)s downloads were made", { done: held.downloads, all: held.max_downloads }) : "";
    if (!held.has_password && off === document.activeElement) password.focus();
    off.hidden = !held.has_password;
  };
  // One after the other: of two answers to one term nobody could tell which holds.
  let last = Promise.resolve();
  const change = (input, name, wanted) => orSay(() => {
    const said = input.value;
    const next = () => set(input, said, name, wanted);
    return (last = last.then(next, next));
  });
  const set = async (input, said, name, wanted) => {
    try {
      held = termsOf(await call("PATCH", `/api/v1/shares/${share.id}`, { [name]: wanted }));
    } finally {
      if (input.value === said) asking.delete(input);
      tell();
    }
  };
  for (const [input, name, , wanted] of fields) {
    input.addEventListener("input", () => asking.add(input));
    input.addEventListener("change", () => input.validity.valid && change(input, name, wanted()));
    // A day says what it is after each key: what cannot be is asked for, and refused by name, when it is left.
    input.addEventListener("blur", () => {
      if (input.validity.badInput) {
        asking.delete(input);
        tell();
      } else if (!input.validity.valid) {
        change(input, name, wanted());
      }
    });
  }
  tell();
  return [
    make("div", { class: "share-url" }, url, take),
    make("div", { class: "share-terms" }, field(_("People can"), role), field(_("Ends on"), end), field(_("Password"), password), field(_("Downloads at most"), most)),
    made, off,
  ];
}

// As a field has it, where the reader is.
const day = (time) => new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

const field = (label, input) => make("div", { class: "field" }, make("label", { for: input.id }, label), input);

function select(label, choices, value, id = "") {
  const element = make("select", { class: "select", ...(id ? { id } : { "aria-label": label }) }, ...choices.map(([key, words]) => make("option", { value: key }, words)));
  element.value = value;
  return element;
}
