// Shows what was typed into a field for a password, or hides it again.

export function reveal(eye) {
  const field = document.getElementById(eye.dataset.reveal);
  field.type = field.type === "password" ? "text" : "password";
  eye.setAttribute("aria-pressed", String(field.type === "text"));
}
