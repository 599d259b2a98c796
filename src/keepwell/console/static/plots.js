// Draws Plotly figures that the server describes, in the colours of the page, and redraws them when either changes.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const config = { displayModeBar: false, responsive: true, doubleClick: "reset" };
  const drawn = new WeakMap();

  // Figures name colours by role, so that one description serves both themes.
  const roles = { accent: "--accent", challenger: "--challenger", reference: "--reference", bad: "--bad", watch: "--watch", good: "--good", muted: "--muted", line: "--line" };
  function paint(value) {
    if (typeof value === "string" && value.startsWith("role:")) {
      const [, role, strength] = value.split(":");
      const colour = css(roles[role] || "--accent");
      return strength ? fade(colour, Number(strength)) : colour;
    }
    if (typeof value === "string" && moments.test(value)) return here(value);
    if (Array.isArray(value)) return value.map(paint);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, paint(item)]));
    }
    return value;
  }
  // Plotly draws a time as it is written and knows no zones; the page around it tells the visitor's time.
  const moments = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)$/;
  function here(text) {
    const moment = new Date(text);
    return new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
  }
  function fade(hex, strength) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${red},${green},${blue},${strength})`;
  }
  function axis(own) {
    return {
      gridcolor: css("--line"), linecolor: css("--line-strong"), zerolinecolor: css("--line"),
      tickcolor: css("--line-strong"), automargin: true, fixedrange: false, ...own,
      title: own && own.title ? { standoff: 8, ...(typeof own.title === "string" ? { text: own.title } : own.title) } : undefined,
    };
  }
  // A few names fit above a drawing; many stand beside it, or below it where it is narrow.
  function legend(count, width) {
    const own = { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, font: { size: 12 } };
    if (count <= 4) return own;
    return width > 600 ? { x: 1.02, y: 1, font: { size: 12 } } : { ...own, y: -0.3, yanchor: "top", font: { size: 11 } };
  }
  function dress(figure, width) {
    const layout = paint(figure.layout || {});
    const axes = Object.fromEntries(Object.keys({ xaxis: 0, yaxis: 0, ...layout })
      .filter((key) => /^[xy]axis\d*$/.test(key)).map((key) => [key, axis(layout[key])]));
    delete layout.template;
    delete layout.title; // the page has said it already
    return {
      margin: { l: 8, r: 12, t: 10, b: 8 },
      hovermode: "x unified", showlegend: figure.data.length > 1,
      legend: legend(figure.data.filter((trace) => trace.showlegend !== false).length, width),
      colorway: [1, 2, 3, 4, 5, 6, 7, 8].map((at) => css(`--series-${at}`)),
      ...layout, ...axes,
      width: undefined, height: undefined, autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: css("--muted") },
      hoverlabel: { bgcolor: css("--surface"), bordercolor: css("--line-strong"), font: { color: css("--text") } },
    };
  }
  async function draw(element) {
    let text;
    try {
      const response = await fetch(element.dataset.src, { headers: { accept: "application/json" } });
      if (!response.ok) return;
      text = await response.text();
    } catch {
      return;
    }
    show(element, text, false);
  }
  function show(element, text, again) {
    if (!again && drawn.get(element) === text) return;
    drawn.set(element, text);
    const figure = JSON.parse(text);
    Plotly.react(element, paint(figure.data), dress(figure, element.clientWidth), config);
  }
  const figures = () => document.querySelectorAll(".plot[data-src]");
  const drawAll = () => { for (const element of figures()) draw(element); };

  drawAll();
  if (document.querySelector("main[hx-get]")) setInterval(() => { if (!document.hidden) drawAll(); }, 5000);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const element of figures()) if (drawn.has(element)) show(element, drawn.get(element), true);
  });
})();
