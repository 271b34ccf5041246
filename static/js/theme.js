// Light or dark: what the system prefers, until a person chooses. The cookie lets the server draw it at once.

const YEAR_SECONDS = 365 * 24 * 3600;
const CHOSEN = /(?:^|; )theme=(light|dark)(?:;|$)/;

export function switchTheme() {
  const now = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.cookie = `theme=${now === "dark" ? "light" : "dark"}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  showTheme();
}

// Looks as the cookie says; without one, as the system does.
export function showTheme() {
  const [, chosen] = CHOSEN.exec(document.cookie) ?? [];
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}
