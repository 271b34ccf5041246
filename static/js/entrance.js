// Sign-in and registration: the eye that shows the password.

import { reveal } from "./reveal.js";

for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
for (const eye of document.querySelectorAll("[data-reveal]")) eye.addEventListener("click", () => reveal(eye));
