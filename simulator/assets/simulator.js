"use strict";
// Saves clicks, and is not needed for anything.

for (const select of document.querySelectorAll("select[data-submits]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

for (const value of document.querySelectorAll(".copyable")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "复制 Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(value.textContent);
    button.textContent = "已复制 Copied";
    setTimeout(() => { button.textContent = "复制 Copy"; }, 1500);
  });
  value.after(" ", button);
}
