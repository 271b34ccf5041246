// The round sign of a person, as the server draws it (templatetags/look.py): the same hue and letters for a name.

import { make } from "./dom.js";

const HUES = 6;

export function avatar(name) {
  return make("span", { class: `avatar avatar-large avatar-${(crc32(name) % HUES) + 1}`, "aria-hidden": "true" }, initials(name));
}

function initials(name) {
  const parts = name.trim().split(/[\s._-]+/);
  return (parts.length > 1 ? parts[0].slice(0, 1) + parts.at(-1).slice(0, 1) : name.slice(0, 2)).toUpperCase();
}

// The checksum of zip and PNG (ISO 3309), bit by bit: names are short.
function crc32(text) {
  let sum = -1;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return ~sum >>> 0;
}
