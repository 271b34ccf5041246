// The API's description is light or dark as the other pages are: Swagger UI's dark look hangs on a class.

import { showTheme } from "./theme.js";

const isSystemDark = matchMedia("(prefers-color-scheme: dark)");

function show() {
  showTheme();
  const { classList, dataset } = document.documentElement;
  classList.toggle("dark-mode", dataset.theme ? dataset.theme === "dark" : isSystemDark.matches);
}

show();
isSystemDark.addEventListener("change", show);
