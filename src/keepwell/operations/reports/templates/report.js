// Draws the figures that stand in this file; opens what is folded when it is printed.
(() => {
  "use strict";
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: "#5d6b7a" };
  const axis = (own) => ({ gridcolor: "#dfe5ec", linecolor: "#b9c3cf", zerolinecolor: "#dfe5ec", automargin: true, ...own });
  const drawn = [...document.querySelectorAll(".plot")];
  for (const element of drawn) {
    const figure = JSON.parse(element.nextElementSibling.textContent);
    const { title, template, ...layout } = figure.layout || {};
    Plotly.newPlot(element, figure.data, {
      margin: { l: 8, r: 12, t: 8, b: 8 }, font, autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      colorway: ["#1f6feb", "#d97706", "#0f9d76", "#b42318", "#7c3aed", "#0891b2", "#be185d", "#64748b"],
      showlegend: figure.data.filter((trace) => trace.showlegend !== false).length > 1,
      legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      ...layout, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis),
    }, { displayModeBar: false, responsive: true });
  }
  const fit = () => { for (const element of drawn) Plotly.Plots.resize(element); };
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const part of folded) part.open = true;
    fit();
  });
  addEventListener("afterprint", () => { for (const part of folded) part.open = false; fit(); });
})();
