// The form that asks an endpoint: what is sent is what `curl` would send, through the same door.
(() => {
  "use strict";
  let form, answer, snippet, asked = 0, language = "curl";
  const REASONS = 6;

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
  // The token is read from its field when something is sent, and kept nowhere else.
  function headers() {
    const field = document.getElementById("token");
    const token = field ? field.value.trim() : "";
    return { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  }
  function tell() {
    snippet.textContent = snippets[language](location.origin + form.dataset.url, instance(), "secured" in form.dataset);
  }
  function choose(event) {
    const button = event.target.closest("[data-language]");
    if (!button) return;
    language = button.dataset.language;
    for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(one === button));
    tell();
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
    const id = document_.prediction_ids[0];
    facts.append(`version ${document_.model.version} · ${milliseconds.toFixed(0)} ms there and back`);
    if (id) {
      const link = node("a", "", `prediction ${id.slice(-8)}`);
      link.href = `/predictions/${id}`;
      facts.append(" · ", link);
    }
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
  // Bars to the left and right of a middle line: what spoke against the class, and what for it.
  function leaning(part, largest) {
    const namespace = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(namespace, "svg");
    svg.setAttribute("class", "share leaning");
    svg.setAttribute("aria-hidden", "true");
    const width = largest ? Math.abs(part) / largest * 50 : 0;
    for (const [name, x, size] of [["rest", 0, 100], [part < 0 ? "against" : "for", part < 0 ? 50 - width : 50, width]]) {
      const rect = document.createElementNS(namespace, "rect");
      rect.setAttribute("class", name);
      rect.setAttribute("x", `${x.toFixed(1)}%`);
      rect.setAttribute("width", `${size.toFixed(1)}%`);
      rect.setAttribute("height", "100%");
      svg.append(rect);
    }
    return svg;
  }
  function showReasons(why) {
    const section = node("div", "why");
    section.append(node("p", "strong", "Why"));
    for (const reason of why.reasons) section.append(node("p", "small", reason));
    const shown = why.contributions.slice(0, REASONS);
    const largest = Math.max(...shown.map((one) => Math.abs(one.contribution)));
    const bars = node("div", "shares");
    for (const one of shown) {
      bars.append(node("span", "", one.column), leaning(one.contribution, largest));
      bars.append(node("span", "amount", `${one.contribution > 0 ? "+" : ""}${format(Number(one.contribution.toPrecision(3)))}`));
    }
    const of = why.class === undefined ? "" : ` of ${why.class}`;
    const how = why.exact ? "" : `, sampled by ${why.samples} walks`;
    section.append(bars, node("p", "small muted", `${why.scale}${of}: ${format(why.base)} for the typical row, ${format(why.output)} for this one${how}`));
    answer.append(section);
  }
  async function explain(row, version, turn) {
    try {
      const response = await fetch(form.dataset.why, {
        method: "POST", headers: headers(),
        body: JSON.stringify({ instances: [row], version }),
      });
      const said = await response.json();
      if (turn !== asked) return;  // another answer is on the page by now
      if (response.ok) showReasons(said.explanations[0]);
      else answer.append(node("p", "small muted", `No reasons: ${said.what}`));
    } catch {
      // The answer stands without its reasons.
    }
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
    const row = instance();
    const turn = ++asked;
    const start = performance.now();
    try {
      const response = await fetch(form.dataset.url, {
        method: "POST", headers: headers(),
        body: JSON.stringify({ instances: [row] }),
      });
      const milliseconds = performance.now() - start;
      const document_ = await response.json();
      if (response.ok) {
        showAnswer(document_, milliseconds);
        explain(row, document_.model.version, turn);
      } else showRefusal(document_, response.status);
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
    snippet = document.getElementById("snippet");
    document.getElementById("languages").addEventListener("click", choose);
    form.addEventListener("input", tell);
    form.addEventListener("submit", ask);
    tell();
  }
  document.addEventListener("htmx:afterSwap", begin);
  begin();
})();
