// Forms that change something: sent as JSON to the same interface that programs use; the answer is said beside them.
(() => {
  "use strict";
  function values(form) {
    const found = {};
    for (const input of form.querySelectorAll("[name]")) {
      found[input.name] = input.dataset.type === "number" ? Number(input.value) : input.value;
    }
    return found;
  }
  function say(form, text, failed) {
    const place = form.querySelector(".said");
    place.textContent = text;
    place.classList.toggle("down", failed);
  }
  async function send(form) {
    const button = form.querySelector("button");
    button.disabled = true;
    say(form, "…", false);
    const change = { method: form.dataset.method, headers: { "content-type": "application/json" } };
    if (change.method === "POST" && !form.dataset.act.endsWith("/test")) change.body = JSON.stringify(values(form));
    try {
      const response = await fetch(form.dataset.act, change);
      const said = await response.json();
      if (!response.ok) say(form, [said.what || "It was refused", said.now].filter(Boolean).join(" — "), true);
      else if (said.kind === "test") {
        const tried = said.attempts.at(-1);
        say(form, said.status === "sent" ? "It was taken." : tried ? tried.error : "Nobody sends at present: is keepwell up running?", said.status !== "sent");
      } else {
        say(form, "Done.", false);
        form.reset();
      }
    } catch (error) {
      say(form, `Keepwell did not answer: ${error.message}`, true);
    } finally {
      button.disabled = false;
      if (window.htmx) htmx.trigger(document.getElementById("main"), "look");
    }
  }
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-act]");
    if (!form) return;
    event.preventDefault();
    send(form);
  });
})();
