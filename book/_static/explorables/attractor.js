/* The turning picture of chapter 7: the sheet of states of one network, over time. It reads the numbers
   that the chapter left in #attractor-data, fills the element #attractor, and sends nothing anywhere. */
(function () {
  "use strict";
  const SIZE = 400; // of the picture, in user units
  const REACH = 999; // largest coordinate of the data
  const ZOOM = 0.8; // of half the picture that this coordinate fills, so that no turn leaves it
  const START = { time: null, turn: -35, tilt: 25 };
  const RADIAN = Math.PI / 180;

  /* ---- Geometry ---- */

  /* Turn about the third axis, then tilt towards the eye; what is left of depth is not needed. */
  function project([x, y, z], turn, tilt) {
    const [c, s] = [Math.cos(turn * RADIAN), Math.sin(turn * RADIAN)];
    const [ct, st] = [Math.cos(tilt * RADIAN), Math.sin(tilt * RADIAN)];
    const across = c * x - s * y;
    const away = s * x + c * y;
    return [across, away * st + z * ct];
  }

  const place = (p, view) => {
    const [x, y] = project(p, view.turn, view.tilt);
    const unit = (ZOOM * SIZE) / 2 / REACH;
    return [SIZE / 2 + unit * x, SIZE / 2 - unit * y];
  };
  const path = (points, view) => points.map((p) => place(p, view).map((v) => v.toFixed(1)).join(",")).join(" ");

  /* Rows and columns of the lattice at one time, each a list of points. */
  function wires(sheet, side) {
    const at = (i, j) => sheet[i * side + j];
    const all = Array.from({ length: side }, (_, i) => i);
    return [...all.map((i) => all.map((j) => at(i, j))), ...all.map((j) => all.map((i) => at(i, j)))];
  }

  function words(step, steps) {
    if (step <= steps) return step === 1 ? "after 1 reading" : `after ${step} readings`;
    const later = step - steps;
    return `${later} ${later === 1 ? "step" : "steps"} after the stimulus`;
  }

  /* ---- Elements ---- */

  function node(parent, name, attributes, text) {
    const made = /^(svg|polyline|circle|line|text|title)$/.test(name)
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function slider(parent, name, label, min, max) {
    const box = node(parent, "label", {});
    node(box, "span", {}, label);
    const output = node(box, "output", {});
    const input = node(box, "input", { type: "range", min, max, step: 1, "data-control": name });
    return { input, output };
  }

  function start(root, data) {
    const state = { ...START, time: data.steps - 1 };
    const last = data.times.length - 1;
    const wrap = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;
    const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

    const svg = node(root, "svg", {
      class: "att-picture", viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", tabindex: "0",
      "aria-label": "Sheet of states in three dimensions. Arrow keys turn and tilt it.",
    });
    const axes = [1, 2, 3].map((number) => [node(svg, "line", { class: "att-axis" }), node(svg, "text", { class: "att-name" }, `axis ${number}`)]);
    const rest = wires(data.sheet[data.steps - 1], data.side).map(() => node(svg, "polyline", { class: "att-ghost" }));
    const lines = wires(data.sheet[0], data.side).map((_, i) => node(svg, "polyline", { class: i < data.side ? "att-row" : "att-column" }));
    const trails = data.paths[0].map(() => [node(svg, "polyline", { class: "att-trail" }), node(svg, "circle", { class: "att-head", r: 4 })]);
    const end = node(svg, "circle", { class: "att-end", r: 6 });

    const controls = node(root, "div", { class: "att-controls" });
    const time = slider(controls, "time", "time", 0, last);
    const turn = slider(controls, "turn", "turn", -180, 180);
    const tilt = slider(controls, "tilt", "tilt", -90, 90);
    const run = node(controls, "button", { type: "button", class: "att-button" }, "Run");
    const key = node(root, "ul", { class: "att-key" });
    for (const [name, text] of [
      ["att-row", "images of a lattice of positions, shown without noise (rust lines and blue lines: its two directions)"],
      ["att-ghost", "the same at the end of the trial"],
      ["att-trail", "six trials with noise"],
      ["att-end", "the fixed point under constant input"],
    ]) {
      const item = node(key, "li", {});
      const mark = node(item, "svg", { width: 26, height: 14, "aria-hidden": "true" });
      if (name === "att-end") node(mark, "circle", { class: name, cx: 13, cy: 7, r: 5 });
      else node(mark, "line", { class: name, x1: 2, x2: 24, y1: 7, y2: 7 });
      node(item, "span", {}, text);
    }

    function draw() {
      const view = state;
      axes.forEach(([line, name], i) => {
        const tip = [0, 0, 0];
        tip[i] = 0.9 * REACH;
        const [from, to] = [place([0, 0, 0], view), place(tip, view)];
        for (const [attribute, value] of [["x1", from[0]], ["y1", from[1]], ["x2", to[0]], ["y2", to[1]]]) line.setAttribute(attribute, value.toFixed(1));
        name.setAttribute("x", (to[0] + 4).toFixed(1));
        name.setAttribute("y", to[1].toFixed(1));
      });
      wires(data.sheet[data.steps - 1], data.side).forEach((points, i) => rest[i].setAttribute("points", path(points, view)));
      wires(data.sheet[state.time], data.side).forEach((points, i) => lines[i].setAttribute("points", path(points, view)));
      trails.forEach(([line, head], i) => {
        const points = data.paths.slice(0, state.time + 1).map((frame) => frame[i]);
        line.setAttribute("points", path(points, view));
        const [x, y] = place(points[points.length - 1], view);
        head.setAttribute("cx", x.toFixed(1));
        head.setAttribute("cy", y.toFixed(1));
      });
      const [x, y] = place(data.end, view);
      end.setAttribute("cx", x.toFixed(1));
      end.setAttribute("cy", y.toFixed(1));
      const texts = { time: words(data.times[state.time], data.steps), turn: `${state.turn}°`, tilt: `${state.tilt}°` };
      for (const [name, { input, output }] of Object.entries({ time, turn, tilt })) {
        input.value = state[name];
        input.setAttribute("aria-valuetext", texts[name].replace("°", " degrees"));
        output.textContent = texts[name].replace("-", "−");
      }
    }

    function change(changes) {
      const next = { ...state, ...changes };
      state.time = clamp(Math.round(next.time), 0, last);
      state.turn = wrap(Math.round(next.turn));
      state.tilt = clamp(Math.round(next.tilt), -90, 90);
      draw();
    }

    /* ---- Hands ---- */

    for (const [name, { input }] of Object.entries({ time, turn, tilt })) {
      input.addEventListener("input", () => { stop(); change({ [name]: Number(input.value) }); });
    }
    const ARROWS = { ArrowLeft: ["turn", -1], ArrowRight: ["turn", 1], ArrowUp: ["tilt", 1], ArrowDown: ["tilt", -1] };
    svg.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      change({ [arrow[0]]: state[arrow[0]] + arrow[1] * (event.shiftKey ? 15 : 3) });
    });
    let held = null;
    svg.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = { x: event.clientX, y: event.clientY, turn: state.turn, tilt: state.tilt };
      svg.classList.add("att-held");
    });
    window.addEventListener("pointermove", (event) => {
      if (held) change({ turn: held.turn + (event.clientX - held.x) / 2, tilt: held.tilt + (event.clientY - held.y) / 2 });
    });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, () => { held = null; svg.classList.remove("att-held"); });
    }

    let timer = null;
    function stop() {
      clearInterval(timer);
      timer = null;
      run.textContent = "Run";
    }
    run.addEventListener("click", () => {
      if (timer !== null) return stop();
      if (state.time === last) change({ time: 0 });
      run.textContent = "Stop";
      timer = setInterval(() => (state.time === last ? stop() : change({ time: state.time + 1 })), 150);
      return undefined;
    });

    draw();
    root.classList.add("att-ready");
    return { get: () => ({ ...state }), set: change };
  }

  /* Coordinates come flat or in threes; give lists of points. */
  const points = (flat) => (Array.isArray(flat[0]) ? flat : Array.from({ length: flat.length / 3 }, (_, i) => flat.slice(3 * i, 3 * i + 3)));

  const root = document.getElementById("attractor");
  const source = document.getElementById("attractor-data");
  if (!root || !source) return;
  const data = JSON.parse(source.textContent);
  data.sheet = data.sheet.map(points);
  data.paths = data.paths.map(points);
  window.attractor = { ...start(root, data), project, wires, words };
})();
