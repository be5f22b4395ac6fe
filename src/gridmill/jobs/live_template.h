// live_template.h: the page of live_page.h. Of its marks chart_page.h knows all.
//
// The script asks for live.json each second and draws what it says; history.json gives what was
// before the page was opened, or while it slept. When the server is gone, the last figures stay.
#pragma once

#include <string_view>

namespace gridmill {

inline constexpr std::string_view kLiveTemplate = R"html(@HEAD@
<link rel="icon" href="data:,">
<title>gridmill</title>
<style>@STYLE@</style>
<style>
:root { color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --line: #e1e5ea; --grid: #edf0f3; --text: #1b2430; --soft: #5b6776;
  --track: #e8ecf1; --blue: #1f6fb4; --orange: #c9501f; --green: #2c8a57; --purple: #7d45a3; --red: #b3261e; --amber: #8a5a00; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161c; --card: #1b212a; --line: #2c3541; --grid: #262e39; --text: #e4e9f0; --soft: #9aa7b6;
  --track: #2a323d; --blue: #5aa9e8; --orange: #f08a5d; --green: #5cc08b; --purple: #b98be0; --red: #ff8a80; --amber: #e5b45a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 18px 16px 40px; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.3rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 8px; }
.sub { color: var(--soft); font-size: .9rem; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; justify-content: space-between; }
.pill { border: 1px solid currentColor; border-radius: 999px; padding: 1px 10px; font-size: .85rem; font-weight: 600; color: var(--blue); white-space: nowrap; }
.pill.done { color: var(--green); } .pill.failed { color: var(--red); } .pill.gone { color: var(--amber); }
section, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
section { padding: 12px 14px; margin: 12px 0 0; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 12px; }
.tile { padding: 10px 14px; min-width: 0; }
.tile b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile span { color: var(--soft); font-size: .82rem; display: block; }
.tile .bar { margin: 3px 0 4px; }
.bar { background: var(--track); border-radius: 5px; height: 9px; overflow: hidden; min-width: 48px; }
.bar i { display: block; height: 100%; background: var(--blue); border-radius: 5px; transition: width .4s; }
.bar.tall { height: 14px; margin: 10px 0 4px; border-radius: 7px; }
.bar .held { background: var(--purple); } .bar .full { background: var(--orange); }
.two { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 12px; }
.chart { width: 100%; min-height: 180px; }
.lane { display: grid; grid-template-columns: 108px 90px 48px minmax(0, 1fr); gap: 2px 10px; align-items: center; padding: 4px 0; border-top: 1px solid var(--grid); }
.lane:first-child { border-top: 0; }
.lane .name { white-space: nowrap; } .lane .share { text-align: right; }
.lane, table { font-variant-numeric: tabular-nums; font-size: .9rem; }
.doing { overflow-wrap: anywhere; color: var(--text); } .idle { color: var(--soft); }
.late { color: var(--amber); font-weight: 600; }
.queue { display: grid; grid-template-columns: 72px minmax(0, 1fr) 64px; gap: 10px; align-items: center; padding: 4px 0; font-size: .9rem; font-variant-numeric: tabular-nums; }
.queue span:last-child { text-align: right; white-space: nowrap; }
ul { margin: 0; padding-left: 20px; } li { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: right; padding: 3px 8px; border-bottom: 1px solid var(--grid); }
th { color: var(--soft); font-weight: 600; font-size: .82rem; }
th:nth-child(2), td:nth-child(2) { text-align: left; overflow-wrap: anywhere; }
th:first-child, td:first-child, th:last-child, td:last-child { width: 1%; white-space: nowrap; }
th:nth-child(3), td:nth-child(3) { width: 6.5rem; white-space: nowrap; }
.ending { border-left: 5px solid var(--green); } .ending.failed { border-left-color: var(--red); } .ending.gone { border-left-color: var(--amber); }
.ending p { margin: 4px 0 0; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
.chart .u-legend { margin: 0 0 0 8px; text-align: left; font-size: .82rem; margin-top: 2px; color: var(--soft); }
.chart .u-legend th, .chart .u-legend td { font-weight: normal; border: 0; padding: 1px 3px; text-align: left; }
.chart .u-legend.u-inline .u-series > th::after { content: ""; }
.chart .u-legend .u-marker { width: .8em; height: .8em; }
@media (max-width: 720px) {
  body { padding: 12px 10px 32px; }
  .two { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .lane { grid-template-columns: 104px minmax(0, 1fr) 48px; }
  .lane .doing { grid-column: 1 / -1; }
}
</style>
</head>
<body>
<header>
  <div class="row"><h1 id="title">gridmill</h1><span class="pill" id="state">connecting</span></div>
  <div class="sub" id="about"></div>
  <div class="bar tall" role="progressbar" aria-label="tasks done" aria-valuemin="0" aria-valuemax="100" id="progress"><i></i></div>
  <div class="row sub"><span id="tasks"></span><span id="left"></span></div>
</header>
<section class="ending" id="ending" hidden><h2></h2><p></p><p></p></section>
<div class="tiles" id="tiles"></div>
<div class="two">
  <section><h2>Rates</h2><div class="chart" id="rates"></div></section>
  <section><h2>Memory</h2><div class="chart" id="memory"></div></section>
</div>
<section><h2 id="lanes-title">Lanes</h2><div id="lanes"></div></section>
<div class="two">
  <section><h2>Queues</h2><div id="queues"></div></section>
  <section><h2>Waited for</h2><div id="waits"></div></section>
</div>
<section><h2>Slowest tasks</h2><div id="slowest"></div></section>
<noscript><p>This page draws live.json with JavaScript, which is off.</p></noscript>
<script>@LIBRARY@</script>
<script>
"use strict";
const $ = id => document.getElementById(id);
const make = (tag, name, text) => {
  const one = document.createElement(tag);
  if (name) one.className = name;
  if (text != null) one.textContent = text;
  return one;
};
function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let i = 0;
  while (n >= 1023.5 && i < 5) { n /= 1024; ++i; }
  return (i === 0 || n >= 99.5 ? Math.round(n) : +n.toPrecision(3)) + " " + units[i];
}
function time(s) {
  if (s < 0.9995) return Math.round(s * 1000) + " ms";
  if (s < 59.95) return s.toFixed(1) + " s";
  s = Math.round(s);
  if (s < 3600) return Math.floor(s / 60) + " min " + String(s % 60).padStart(2, "0") + " s";
  return Math.floor(s / 3600) + " h " + String(Math.floor(s % 3600 / 60)).padStart(2, "0") + " min";
}
const clock = s => {
  s = Math.round(s);
  const mm = String(Math.floor(s / 60) % 60).padStart(2, "0"), ss = String(s % 60).padStart(2, "0");
  return s < 3600 ? Math.floor(s / 60) + ":" + ss : Math.floor(s / 3600) + ":" + mm + ":" + ss;
};
const count = n => n.toLocaleString("en-US");
const percent = x => Math.round(100 * x) + " %";
function bar(share, name) {
  const track = make("div", "bar"), fill = make("i", name);
  fill.style.width = Math.max(0, Math.min(100, 100 * share)) + "%";
  track.append(fill);
  return track;
}
function show(id, children, empty) {
  const host = $(id);
  host.replaceChildren(...children);
  if (children.length === 0) host.append(make("div", "idle", empty));
}

// ---- charts

const track = { seconds: [], read: [], decoded: [], written: [], cpu: [], resident: [], tasks_hold: [] };
const kMostPoints = 1200;
let budget = 0, charts = [];
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
// Ticks of bytes at powers of two, as their texts are.
function byteSplits(u, axis, low, high) {
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, (high - low) / 4)));
  const splits = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) splits.push(at);
  return splits;
}
function chart(id, lines, data, unit) {
  const host = $(id);
  host.replaceChildren();
  const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 } };
  const size = () => ({ width: Math.max(200, host.clientWidth), height: 180 });
  const plot = new uPlot({
    ...size(),
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: (u, a, b) => [a ?? 0, Math.max(b ?? 0, (a ?? 0) + 10)] },
              y: { range: (u, a, b) => [0, Math.max(b ?? 0, 1024) * 1.08] } },
    axes: [{ ...axis, values: (u, ticks) => ticks.map(clock), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000, 86400], space: 56 },
           { ...axis, size: 74, splits: byteSplits, values: (u, ticks) => ticks.map(t => bytes(t) + unit) }],
    series: [{ label: "time", value: (u, v) => v == null ? "" : clock(v) },
      ...lines.map(([label, name, dash]) => ({ label, stroke: colour(name), width: 1.8, dash,
        points: { show: false }, value: (u, v) => v == null ? "" : bytes(v) + unit }))],
  }, data(), host);
  return { plot, data, size };
}
function drawCharts() {
  for (const one of charts) one.plot.destroy();
  const h = track;
  charts = [
    chart("rates", [["read", "blue"], ["decoded", "green"], ["written", "orange"]],
      () => [h.seconds, h.read, h.decoded, h.written], "/s"),
    chart("memory", [["resident", "blue"], ["held by tasks", "purple"], ["budget", "red", [6, 4]]],
      () => [h.seconds, h.resident, h.tasks_hold, h.seconds.map(() => budget)], ""),
  ];
}
addEventListener("resize", () => { for (const one of charts) one.plot.setSize(one.size()); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);

function remember(view) {
  const h = track;
  if (h.seconds.length > 0 && view.seconds <= h.seconds[h.seconds.length - 1]) return;
  const now = { seconds: view.seconds, read: view.rates.read, decoded: view.rates.decoded, written: view.rates.written,
    cpu: view.cpu.used, resident: view.memory.resident, tasks_hold: view.memory.tasks_hold };
  for (const name of Object.keys(h)) {
    h[name].push(now[name]);
    if (h[name].length > kMostPoints) h[name] = h[name].filter((_, i) => i % 2 === 1);
  }
}

// ---- the rest

function tile(title, value, note, extra) {
  const one = make("div", "tile");
  one.append(make("span", "", title), make("b", "", value));
  if (extra) one.append(extra);
  one.append(make("span", "", note));
  return one;
}
function showTiles(view) {
  const m = view.memory;
  const cores = Math.max(1, view.cpu.cores);
  $("tiles").replaceChildren(
    tile("CPU", percent(view.cpu.used), "of " + cores + (cores === 1 ? " core" : " cores") + ", " + time(view.cpu.seconds) + " in all", bar(view.cpu.used / cores)),
    tile("read", bytes(view.rates.read) + "/s", bytes(view.bytes.read) + " in all"),
    tile("decoded", bytes(view.rates.decoded) + "/s", bytes(view.bytes.decoded) + " in all"),
    tile("written", bytes(view.rates.written) + "/s", bytes(view.bytes.written) + " in all"),
    tile("memory", bytes(m.resident), "of " + bytes(m.budget) + ", at most " + bytes(m.peak), bar(m.budget > 0 ? m.resident / m.budget : 0)),
    tile("held by tasks", bytes(m.tasks_hold), m.tasks_may_hold > 0 ? "of " + bytes(m.tasks_may_hold) : "no stage runs now", bar(m.tasks_may_hold > 0 ? m.tasks_hold / m.tasks_may_hold : 0, "held")));
}
function laneRow(lane) {
  const one = make("div", "lane");
  one.append(make("span", "name", lane.name), bar(lane.cpu ?? 0), make("span", "share", lane.cpu == null ? "–" : percent(lane.cpu)));
  const doing = make("span", "doing");
  if (lane.doing) {
    doing.append(lane.doing);
    if (lane.doing_seconds >= 0.05) doing.append(make("span", lane.doing_seconds >= 10 ? "late" : "idle", " · " + time(lane.doing_seconds)));
  } else {
    doing.className = "doing " + (lane.state === "given up" ? "late" : "idle");
    doing.textContent = lane.state === "busy" ? "" : lane.state;
  }
  one.append(doing);
  return one;
}
function showStage(stage) {
  $("lanes-title").textContent = stage ? "Lanes of " + stage.name : "Lanes";
  show("lanes", (stage?.lanes ?? []).map(laneRow), "no stage runs now");
  show("queues", (stage?.queues ?? []).map(queue => {
    const one = make("div", "queue");
    const share = queue.depth / Math.max(1, queue.capacity);
    one.append(make("span", "", queue.name), bar(share, share >= 1 ? "full" : ""), make("span", "", queue.depth + " of " + queue.capacity));
    return one;
  }), "no stage runs now");
  const waits = stage?.waits ?? [];
  const list = make("ul");
  for (const text of waits) list.append(make("li", "", text));
  show("waits", waits.length > 0 ? [list] : [], "nothing holds the tasks back");
  const slowest = stage?.slowest ?? [];
  if (slowest.length === 0) return show("slowest", [], stage ? "none has begun" : "no stage runs now");
  const table = make("table"), head = make("tr");
  for (const text of ["task", "of", "took", ""]) head.append(make("th", "", text));
  table.append(head);
  for (const task of slowest) {
    const row = make("tr");
    row.append(make("td", "", count(task.task)), make("td", "", task.name), make("td", "", time(task.seconds)),
      make("td", task.done ? "idle" : "", task.done ? "done" : "under way"));
    table.append(row);
  }
  show("slowest", [table], "");
}
let last = null;
function showView(view) {
  const what = view.what || view.verb + (view.output ? " to " + view.output : "");
  document.title = (view.tasks.total > 0 ? percent(view.tasks.done / view.tasks.total) + " " : "") + "gridmill " + view.verb;
  $("title").textContent = what;
  $("state").textContent = view.state;
  $("state").className = "pill " + view.state;
  $("about").textContent = "gridmill " + view.verb + (view.output && !what.includes(view.output) ? " " + view.output : "") + " · run " + view.run;
  const share = view.tasks.total > 0 ? view.tasks.done / view.tasks.total : 0;
  $("progress").firstElementChild.style.width = 100 * share + "%";
  $("progress").setAttribute("aria-valuenow", Math.floor(100 * share));
  $("tasks").textContent = count(view.tasks.done) + " of " + count(view.tasks.total) + " tasks (" + Math.floor(100 * share) + " %)" +
    (view.stage ? ", " + view.stage.tasks_under_way + " under way" : "");
  $("left").textContent = time(view.seconds) + " so far" + (view.seconds_left == null ? "" : ", about " + time(view.seconds_left) + " left");
  if (!view.finished || view.stage || last === null) showStage(view.stage);
  showTiles(view);
}
function showEnd(kind, title, first, second) {
  const box = $("ending");
  box.hidden = false;
  box.className = "ending " + kind;
  const [head, one, two] = box.children;
  head.textContent = title;
  one.textContent = first;
  two.textContent = second;
}

// ---- once a second

let missed = 0, asked = 0;
async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}
async function catchUp() {
  const past = await ask("history.json");
  for (const name of Object.keys(track)) track[name] = past[name] ?? [];
}
async function beat() {
  try {
    if (performance.now() - asked > 4000) await catchUp();
    const view = await ask("live.json");
    asked = performance.now();
    missed = 0;
    budget = view.memory.budget;
    remember(view);
    showView(view);
    last = view;
    if (charts.length === 0) drawCharts();
    for (const one of charts) one.plot.setData(one.data());
    if (view.finished) {
      if (last.stage || $("lanes").firstElementChild?.className === "lane") $("lanes-title").textContent += ", as they were last";
      return showEnd(view.state, view.state === "done" ? "The run has ended, after " + time(view.seconds) : "The run has failed, after " + time(view.seconds), view.ending, view.advice);
    }
    $("ending").hidden = true;
  } catch (error) {
    if (++missed >= 3) {
      $("state").textContent = "ended";
      $("state").className = "pill gone";
      showEnd("gone", last ? "The run has ended" : "Nobody answers", last
        ? "Its process is gone; these are the last figures, of " + time(last.seconds) + " after its start. How it ended, and what held it back, tells: gridmill runs show " + last.output
        : "The run has ended, or its port is not reached from here.", "");
    }
  }
  setTimeout(beat, missed >= 3 ? 5000 : 1000);
}
asked = -Infinity;
beat();
</script>
</body>
</html>
)html";

}  // namespace gridmill
