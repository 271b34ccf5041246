// The words of the person's language. The server names the catalogue before this runs; English needs none.

const catalogue = globalThis.django;

// Says a message; %(name)s in it stands for the fact of that name.
export function _(message, facts = {}) {
  return fill(catalogue ? catalogue.gettext(message) : message, facts);
}

// Says one of two messages for a count, which is their fact `count`.
export function ngettext(one, many, count) {
  const message = catalogue ? catalogue.ngettext(one, many, count) : count === 1 ? one : many;
  return fill(message, { count });
}

function fill(message, facts) {
  return message.replace(/%\((\w+)\)s/g, (_whole, name) => String(facts[name]));
}
