// Keeps pages true without a reload: every page asks for its own content again and is morphed into it.
(() => {
  "use strict";
  const main = () => document.getElementById("main");
  const offline = () => document.getElementById("offline");
  let shown = null;

  // What a visitor has typed or opened is theirs: the server's copy never overwrites it.
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (old) => !(old.nodeType === 1 && old.hasAttribute("data-keep"));
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.tagName === "DETAILS");

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target !== main()) return;
    if (event.detail.xhr.responseText === shown) event.detail.shouldSwap = false;
    shown = event.detail.xhr.responseText;
  });
  document.addEventListener("htmx:afterSwap", () => { tellTimes(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== main()) return;
    offline().hidden = Boolean(event.detail.successful) || event.detail.xhr.status === 0 && document.hidden;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && window.htmx && main().hasAttribute("hx-get")) htmx.trigger(main(), "look");
  });

  const units = [["d", 86400], ["h", 3600], ["min", 60]];
  function ago(seconds) {
    if (seconds < 10) return "just now";
    const [unit, size] = units.find((item) => seconds >= item[1]) || ["s", 10];
    const count = unit === "s" ? Math.floor(seconds / 10) * 10 : Math.floor(seconds / size);
    return `${count} ${unit} ago`;
  }
  // Beside an axis: the time of day as plots tell it, and the day where it is not today.
  function clock(moment) {
    const day = moment.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "short" };
    return moment.toLocaleString(undefined, { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }
  function tellTimes() {
    const now = Date.now();
    for (const element of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(element.dateTime);
      const local = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
      const text = element.hasAttribute("data-clock") ? clock(moment)
        : element.hasAttribute("data-exact") ? local : ago((now - moment) / 1000);
      if (element.textContent !== text) element.textContent = text;
      if (element.title !== local) element.title = local;
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = button.parentElement.querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector("pre"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  tellTimes();
  setInterval(() => { if (!document.hidden) tellTimes(); }, 5000);
})();
