// Says that the page's scripts did not load or start: by now, when all of them have had their turn, main.js has taken
// the line about it away.

document.addEventListener("DOMContentLoaded", () => document.getElementById("unloaded")?.removeAttribute("hidden"));
