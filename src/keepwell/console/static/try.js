// The form that asks an endpoint: what is sent is what `curl` would send, through the same door.
(() => {
  "use strict";
  let form, answer, curl;

  function instance() {
    const row = {};
    for (const input of form.querySelectorAll("[name][data-type]")) {
      const text = input.value;
      if (text === "") continue;
      if (input.dataset.type === "number" || input.dataset.type === "integer") row[input.name] = Number(text);
      else if (input.dataset.type === "boolean") row[input.name] = text === "true";
      else row[input.name] = text;
    }
    return row;
  }
  function tell() {
    const body = JSON.stringify({ instances: [instance()] }).replaceAll("'", "'\\''");
    curl.textContent = `curl ${location.origin}${form.dataset.url} \\\n  -H 'content-type: application/json' \\\n  -d '${body}'`;
  }
  function node(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function bar(share) {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(namespace, "svg");
    svg.setAttribute("class", "share");
    svg.setAttribute("aria-hidden", "true");
    for (const [name, width] of [["rest", 1], ["level", share]]) {
      const rect = document.createElementNS(namespace, "rect");
      rect.setAttribute("class", name);
      rect.setAttribute("width", `${(width * 100).toFixed(1)}%`);
      rect.setAttribute("height", "100%");
      rect.setAttribute("rx", "4");
      svg.append(rect);
    }
    return svg;
  }
  function format(value) {
    return typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 6 }) : String(value);
  }
  function showAnswer(document_, milliseconds) {
    answer.className = "answer";
    const heading = node("p", "value", format(document_.predictions[0]));
    const facts = node("p", "small muted");
    const link = node("a", "", `prediction ${document_.prediction_ids[0].slice(-8)}`);
    link.href = `/predictions/${document_.prediction_ids[0]}`;
    facts.append(`version ${document_.model.version} · ${milliseconds.toFixed(0)} ms there and back · `, link);
    answer.replaceChildren(heading);
    if (document_.probabilities) {
      const shares = node("div", "shares");
      const ranked = Object.entries(document_.probabilities[0]).sort((a, b) => b[1] - a[1]).slice(0, 8);
      for (const [label, share] of ranked) {
        shares.append(node("span", "", label), bar(share), node("span", "amount", `${(share * 100).toFixed(1)}%`));
      }
      answer.append(shares);
    }
    for (const warning of document_.warnings || []) answer.append(node("p", "small muted", warning));
    answer.append(facts);
  }
  function showRefusal(document_, status) {
    answer.className = "answer refused";
    answer.replaceChildren(node("p", "strong", document_.what || `The endpoint answered ${status}`));
    for (const beat of [document_.why, document_.now]) if (beat) answer.append(node("p", "small", beat));
  }
  async function ask(event) {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    const start = performance.now();
    try {
      const response = await fetch(form.dataset.url, {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ instances: [instance()] }),
      });
      const milliseconds = performance.now() - start;
      const document_ = await response.json();
      if (response.ok) showAnswer(document_, milliseconds);
      else showRefusal(document_, response.status);
    } catch (error) {
      showRefusal({ what: "The endpoint did not answer", why: String(error.message), now: "Is keepwell up running?" }, 0);
    } finally {
      button.disabled = false;
    }
  }
  // The form may come with an update: an endpoint has none before its first champion.
  function begin() {
    if (form && form.isConnected) return;
    form = document.getElementById("try");
    if (!form) return;
    answer = document.getElementById("answer");
    curl = document.getElementById("curl");
    form.addEventListener("input", tell);
    form.addEventListener("submit", ask);
    tell();
  }
  document.addEventListener("htmx:afterSwap", begin);
  begin();
})();
