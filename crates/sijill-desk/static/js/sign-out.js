// Signing out takes the drafts along: what was typed about a child does not stay behind for the next officer.

import { forgetDrafts } from "./vault.js";

const form = document.querySelector("form[data-sign-out]");
form?.addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  await forgetDrafts().catch(() => {});
  form.submit();
});
