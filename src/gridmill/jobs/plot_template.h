// plot_template.h: the page around the charts. chart_page.h knows some of its marks; plot.cc fills
// in the others.
//
// One chart per variable; the script makes them as wide as the window and draws them anew when it
// changes. Dates of calendars that browsers lack are written from the table's own labels.
#pragma once

#include <string_view>

namespace gridmill {

inline constexpr std::string_view kPlotTemplate = R"html(@HEAD@
<title>@TITLE@</title>
<style>@STYLE@</style>
<style>
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 20px 16px 40px; background: #f5f6f8; color: #1b2430;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 2px; overflow-wrap: anywhere; }
.sub, .note { color: #5b6776; margin: 2px 0 14px; overflow-wrap: anywhere; font-size: .9rem; }
section { background: #fff; border: 1px solid #e1e5ea; border-radius: 10px; padding: 14px 16px;
  margin: 0 0 16px; }
.row { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; justify-content: space-between; }
select { font: inherit; padding: 3px 8px; border: 1px solid #c4cbd4; border-radius: 6px; background: #fff;
  max-width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
section th, section td { text-align: right; padding: 4px 10px; border-bottom: 1px solid #edf0f3;
  white-space: nowrap; }
section th:first-child, section td:first-child { text-align: left; }
section thead th { color: #5b6776; font-weight: 600; font-size: .85rem; }
.u-legend { text-align: left; font-size: .85rem; margin-top: 4px; }
.u-legend th, .u-legend td { border: 0; padding: 2px 4px; text-align: left; }
</style>
</head>
<body>
@BODY@
<script>@LIBRARY@</script>
<script id="data" type="application/json">@DATA@</script>
<script>
"use strict";
const page = JSON.parse(document.getElementById("data").textContent);
const colours = ["#1f6fb4", "#d6572b", "#2c8a57", "#8a4fb0", "#b8860b", "#0f8b8d", "#c2457a", "#5a6b7b"];
const host = document.getElementById("charts");
const iso = t => new Date(t * 1000).toISOString().replace(/:00\.000Z$/, "").replace(/T00:00$/, "").replace("T", " ");
const labelAt = i => i == null ? "--" : page.isCivil ? iso(page.x[i]) : page.labels[i];
// As much of a date as a tick has room for: the day, or the hour where days are near each other.
const short = (text, days) => !page.isTime ? text
  : days > 3 ? text.slice(0, text.indexOf("T")) : text.slice(0, text.indexOf("T") + 6).replace("T", " ");
const number = v => v == null ? "--" : Math.abs(v) >= 1e6 || (v !== 0 && Math.abs(v) < 1e-3) ? v.toExponential(3) : String(+v.toPrecision(6));

// Ticks at samples, for calendars and labels that only the file knows.
function sampleSplits(u) {
  const [low, high] = [u.scales.x.min, u.scales.x.max];
  let first = page.x.findIndex(x => x >= low), last = page.x.length - 1;
  while (last > first && page.x[last] > high) --last;
  const wanted = Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / (page.isTime ? 110 : 70)));
  const step = Math.max(1, Math.ceil((last - first + 1) / wanted));
  const splits = [];
  for (let i = first; i >= 0 && i <= last; i += step) splits.push(page.x[i]);
  return splits;
}
function tickTexts(u, splits) {
  const days = (u.scales.x.max - u.scales.x.min) / 86400;
  return splits.map(x => short(page.labels[page.x.indexOf(x)] ?? "", days));
}
const dayTicks = [
  [31536000, "{YYYY}", null, null, null, null, null, null, 1],
  [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM} {YYYY}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, ":{ss}", "\n{D} {MMM} {HH}:{mm}", null, "\n{D} {MMM} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
];
function ascending() {
  for (let i = 1; i < page.x.length; ++i) if (!(page.x[i] > page.x[i - 1])) return false;
  return true;
}
const isFlipped = !ascending();  // pressure levels fall: uPlot wants rising numbers
if (isFlipped) { page.x.reverse(); page.labels.reverse(); }
const flip = values => isFlipped ? [...values].reverse() : values;

function draw(chart) {
  const section = document.createElement("section");
  const head = document.createElement("div");
  head.className = "row";
  const title = document.createElement("h2");
  title.textContent = chart.title + (chart.title === chart.name ? "" : " (" + chart.name + ")");
  head.append(title);
  const body = document.createElement("div");
  section.append(head, body);
  host.append(section);
  let chosen = 0;
  if (chart.data.length > 1) {
    const select = document.createElement("select");
    select.setAttribute("aria-label", "which " + chart.title);
    chart.data.forEach((_, i) => select.add(new Option(page.choices[i], i)));
    select.onchange = () => { chosen = +select.value; plot.setData(curves()); };
    head.append(select);
  }
  const curves = () => [page.x, ...chart.data[chosen].map(flip)];
  const marks = page.x.length <= 80;
  const series = [{ label: page.axis, value: (u, x, s, i) => labelAt(i) }];
  page.points.forEach((name, i) => series.push({
    label: name, stroke: colours[i % colours.length], width: 1.6,
    dash: i >= colours.length ? [6, 4] : undefined,
    points: { show: marks, size: 5 }, spanGaps: false, value: (u, v) => number(v),
  }));
  const xAxis = { stroke: "#5b6776", grid: { stroke: "#edf0f3" }, ticks: { stroke: "#d5dae0" } };
  if (page.isCivil) { xAxis.values = dayTicks; } else { xAxis.splits = sampleSplits; xAxis.values = tickTexts; }
  const xScale = { time: page.isCivil };
  if (page.x.length === 1) xScale.range = [page.x[0] - 1, page.x[0] + 1];
  const size = () => ({ width: body.clientWidth, height: Math.max(240, Math.min(360, body.clientWidth * .42)) });
  const plot = new uPlot({
    ...size(),
    tzDate: t => uPlot.tzDate(new Date(t * 1000), "Etc/UTC"),
    scales: { x: xScale },
    series,
    axes: [xAxis, { label: chart.units || chart.name, labelSize: 24, size: 62, stroke: "#5b6776",
      grid: { stroke: "#edf0f3" }, ticks: { stroke: "#d5dae0" }, values: (u, ticks) => ticks.map(number) }],
  }, curves(), body);
  addEventListener("resize", () => plot.setSize(size()));
}
page.charts.forEach(draw);
</script>
</body>
</html>
)html";

}  // namespace gridmill
