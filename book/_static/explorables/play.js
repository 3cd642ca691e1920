/* The interactive picture of the page "Play with it first". Numbers come from numerics.js; this file
   draws them and listens. It fills the element #play and sends nothing anywhere. */
(function () {
  "use strict";
  const { trial, clip, normalOf } = window.trilateration;

  const MAX_LINES = 8;
  const SIZE = 400; // of the picture, in user units
  const VIEW = 0.72; // latent units from the middle to an edge of the picture
  const RIM = 0.62; // the handles of a line lie on a circle of this radius
  const OFFSETS = [0.04, -0.07, 0, 0.12, -0.12, 0.2, -0.18, 0.08];
  const TILT = 20; // middle of the fan of lines, in degrees

  const START = {
    x: [0.14, 0.1], sigma: 0.2, steps: 6, noise: 0.5, digits: null, count: 3, spread: 180, seed: 1233,
    angles: [], offsets: OFFSETS,
  };
  // What the buttons in the list "What to try" set up, in its order.
  const SCENES = [
    { count: 1, offsets: [-0.14, ...OFFSETS.slice(1)] },
    { count: 2 },
    { count: 3, spread: 20 },
    { count: 3, sigma: 0.02, digits: 2 },
    { count: 3, steps: 2, sigma: 0.3, noise: 0.1, digits: null },
  ];

  /* ---- State ---- */

  /* Angles of `count` lines that fill `spread` degrees evenly, as near_parallel_lines has them. */
  const fan = (count, spread) =>
    Array.from({ length: count }, (_, i) => fixedNumber(TILT + ((i + 0.5) / count - 0.5) * spread, 6));

  function scene(changes) {
    const state = { ...START, ...changes };
    if (!state.angles.length) state.angles = fan(state.count, state.spread);
    return { ...state, x: [...state.x], offsets: [...state.offsets] };
  }

  const fixedNumber = (value, digits) => Number(value.toFixed(digits));
  const clamp = (value, most) => Math.min(most, Math.max(-most, value));
    const wrap = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

  /* ---- Words and numbers ---- */

  const minus = (text) => text.replace("-", "−");
  const fixed = (value, digits = 2) => minus((Math.abs(value) < 0.5 / 10 ** digits ? 0 : value).toFixed(digits));
  const signed = (value, digits = 3) => (value > 0 ? "+" : "") + fixed(value, digits);
  const place = (p) => `(${fixed(p[0])}, ${fixed(p[1])})`;
  const short = (value) => minus(String(Number(value.toPrecision(2))));

  function small(value) {
    const power = Math.floor(Math.log10(value));
    const raised = String(-power).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
    return `${Math.round(value / 10 ** power)}·10⁻${raised}`;
  }

  function percent(report, digits) {
    if (digits === 0) return report ? "yes" : "no";
    if (report === 0 || report === 1) return `${100 * report} %`;
    if (digits !== null) return `${(100 * report).toFixed(digits - 2)} %`;
    const tail = Math.min(report, 1 - report);
    if (tail < 1e-5) return report < 0.5 ? small(tail) : `1 − ${small(tail)}`;
    return `${(100 * report).toFixed(Math.max(1, Math.ceil(-Math.log10(tail)) - 1))} %`;
  }

  function readBack(line) {
    if (!line.lost) return signed(line.readBack);
    return line.side > 0 ? `above ${fixed(line.bound, 3)}` : `below ${fixed(line.bound, 3)}`;
  }

  function verdict(state, result) {
    const lost = result.lines.filter((line) => line.lost).length;
    const kept = state.count - lost;
    const losses = lost
      ? ` ${lost === state.count ? (lost > 1 ? "Every report" : "The report") : `${lost} of ${state.count} reports`}` +
        (state.digits === 0 ? " names a side and no distance." : ` ${lost > 1 && lost < state.count ? "have" : "has"} run into 0 or 100 %: distance lost.`)
      : "";
    if (result.isUnique) {
      const miss = Math.hypot(result.position[0] - state.x[0], result.position[1] - state.x[1]);
      const out = Math.max(...result.position.map(Math.abs)) > VIEW ? ", outside the picture" : "";
      const [long, wide] = result.ellipse.radii.map((radius) => fixed(2 * radius));
      return ["Position fixed", `estimate ${place(result.position)}${out}, ${fixed(miss)} from the hidden point; 95 % ellipse ${long} by ${wide}.${losses}`];
    }
    if (result.rank === 0) return ["Position not fixed", `only the sides are left (shaded).${losses}`];
    const why = kept === 1 ? "one distance leaves" : "parallel lines leave";
    return ["Position not fixed", `${why} a whole line of positions (long dashes).${losses}`];
  }

  /* ---- Drawing ---- */

  const X = (x) => SIZE / 2 + (SIZE / 2) * (x / VIEW);
  const Y = (y) => SIZE / 2 - (SIZE / 2) * (y / VIEW);
  const LONG = (length) => Math.min(1e5, (SIZE / 2) * (length / VIEW));
  const move = (p, a, along) => [p[0] + along * a[0], p[1] + along * a[1]];

  function shape(parent, name, attributes) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    parent.append(node);
    return set(node, attributes);
  }

  function set(node, attributes) {
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    return node;
  }

  const segment = (node, p, q) => set(node, { x1: X(p[0]), y1: Y(p[1]), x2: X(q[0]), y2: Y(q[1]) });
  const show = (node, visible) => (node.style.display = visible ? "" : "none");

  /* ---- Controls: how each shows the state and what a change of it means ---- */

  function slider(read, value, words) {
    return {
      read: (input, state) => read(Number(input.value), state),
      show(input, state) {
        input.value = value(state);
        input.setAttribute("aria-valuetext", words(state));
        input.parentElement.querySelector("output").textContent = words(state);
      },
    };
  }

  const lay = (count, spread) => ({ count, spread, angles: fan(count, spread) });
  const CONTROLS = {
    sigma: slider((v) => ({ sigma: 10 ** (v / 50 - 2) }), (s) => 50 * (Math.log10(s.sigma) + 2), (s) => short(s.sigma)),
    steps: slider((v) => ({ steps: v }), (s) => s.steps, (s) => String(s.steps)),
    count: slider((v, s) => lay(v, s.spread), (s) => s.count, (s) => String(s.count)),
    spread: slider((v, s) => lay(s.count, v), (s) => s.spread, (s) => `${s.spread}°`),
    noise: slider((v) => ({ noise: v }), (s) => s.noise, (s) => fixed(s.noise)),
    digits: {
      read: (input) => ({ digits: input.value === "" ? null : Number(input.value) }),
      show: (input, state) => (input.value = state.digits === null ? "" : state.digits),
    },
  };

  const range = (name, label, least, most, step) =>
    `<label><span>${label}</span><output></output>
     <input type="range" data-control="${name}" min="${least}" max="${most}" step="${step}"></label>`;
  const icon = (drawing) => `<svg viewBox="0 0 28 16" width="28" height="16" aria-hidden="true">${drawing}</svg>`;
  const key = (drawing, text) => `<li>${icon(drawing)}<span>${text}</span></li>`;

  const FRAME = `
<div class="tri-left">
  <svg class="tri-picture" data-is="picture" viewBox="0 0 ${SIZE} ${SIZE}" role="group"
    aria-label="The plane of hidden points. Move its handles with the arrow keys, ten times as far with Shift."></svg>
  <p class="tri-verdict"><strong data-is="title"></strong><span data-is="text"></span></p>
  <p class="tri-spoken" aria-live="polite" data-is="spoken"></p>
</div>
<div class="tri-right">
  <table class="tri-reports">
    <caption>Reports: how probable it is that the point lies on the arrow's side</caption>
    <thead><tr><th scope="col" title="Boundary">№</th><th scope="col" colspan="2">Report</th><th scope="col">Distance</th></tr></thead>
    <tbody data-is="reports"></tbody>
  </table>
  <div class="tri-controls">
    <fieldset><legend>Readings</legend>
      ${range("sigma", "Noise <i>σ</i> of a reading", 0, 100, 1)}
      ${range("steps", "Steps <i>t</i>", 1, 100, 1)}
      <p class="tri-derived">standard error <i>s</i> = <i>σ</i>/√<i>t</i> = <span data-is="error"></span></p>
    </fieldset>
    <fieldset><legend>Boundaries</legend>
      ${range("count", "Number", 1, MAX_LINES, 1)}
      ${range("spread", "Spread of their angles", 0, 180, 5)}
    </fieldset>
    <fieldset><legend>Stating the reports</legend>
      ${range("noise", "Noise <i>ω</i> of a report", 0, 1, 0.05)}
      <label><span>Precision</span>
        <select data-control="digits"><option value="">exact (64 bits)</option><option value="3">3 digits</option>
        <option value="2">2 digits</option><option value="0">yes or no</option></select></label>
    </fieldset>
  </div>
  <p class="tri-buttons"><button type="button" class="tri-button" data-is="redraw">New noise</button>
  <button type="button" class="tri-button" data-is="reset">Start again</button></p>
</div>
<ul class="tri-key">
  ${key('<circle class="tri-ring" cx="14" cy="8" r="6"/>', "hidden point <i>x</i>*: drag it")}
  ${key('<circle class="tri-reading" cx="6" cy="10" r="3"/><circle class="tri-reading" cx="14" cy="5" r="3"/><circle class="tri-reading" cx="21" cy="10" r="3"/>', "readings")}
  ${key('<circle class="tri-mean" cx="14" cy="8" r="5"/>', "their mean <i>μ</i>")}
  ${key('<g class="tri-1"><line class="tri-boundary" x1="1" y1="8" x2="27" y2="8"/><circle class="tri-knob" cx="6" cy="8" r="5"/><rect class="tri-knob" x="18" y="4" width="8" height="8" rx="1"/></g>', "boundary: the disc turns it, the square shifts it")}
  ${key('<g class="tri-1"><line class="tri-perpendicular" x1="14" y1="1" x2="14" y2="15"/><line class="tri-locus" x1="1" y1="1.5" x2="27" y2="1.5"/></g>', "distance read back from the report, and all points that have it")}
  ${key('<path class="tri-estimate" d="M8 2l12 12m0 -12l-12 12"/>', "estimate from the distances")}
  ${key('<ellipse class="tri-ellipse" cx="14" cy="8" rx="13" ry="7"/>', "95 % ellipse for <i>x</i>*: noise of readings and reports")}
  ${key('<circle class="tri-evidence" cx="14" cy="8" r="7"/>', "the part of it that the readings alone leave")}
  ${key('<line class="tri-free" x1="1" y1="8" x2="27" y2="8"/>', "if no point is fixed: the positions left, with their 95 % band")}
  ${key('<rect class="tri-region" x="2" y="1" width="24" height="14"/>', "what reports without a distance still say")}
</ul>`;

  function mount(home) {
    home.innerHTML = FRAME;
    const find = (name) => home.querySelector(`[data-is=${name}]`);
    const picture = find("picture");
    const nodes = build(picture, find("reports"));
    let state = scene({});
    let result;
    let speaking;

    function update(changes) {
      state = { ...state, ...changes };
      result = trial({ ...state, angles: state.angles.slice(0, state.count) });
      draw(nodes, state, result);
      for (const input of home.querySelectorAll("[data-control]")) CONTROLS[input.dataset.control].show(input, state);
      find("error").textContent = fixed(result.s, 3);
      const [title, text] = verdict(state, result);
      find("title").textContent = `${title}: `;
      find("text").textContent = text;
      clearTimeout(speaking); // speak when the hand rests, not at every step
      speaking = setTimeout(() => (find("spoken").textContent = `${title}: ${text}`), 700);
    }

    for (const input of home.querySelectorAll("[data-control]"))
      input.addEventListener("input", () => update(CONTROLS[input.dataset.control].read(input, state)));
    find("redraw").addEventListener("click", () => update({ seed: state.seed + 1 }));
    find("reset").addEventListener("click", () => update(scene({})));
    handles(picture, nodes, () => state, update);
    document.querySelectorAll(".play-tasks li").forEach((item, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "tri-button";
      button.textContent = "Set it up";
      button.setAttribute("aria-label", `Set it up: task ${i + 1}`);
      button.addEventListener("click", () => {
        update(scene(SCENES[i]));
        nodes.point.focus({ preventScroll: true });
        home.scrollIntoView({ block: "start" });
      });
      (item.querySelector("p:last-of-type") || item).append(" ", button);
    });
    update({});
    home.classList.add("play-ready");
    return { get: () => ({ ...state }), set: update, result: () => result, scenes: SCENES };
  }

  /* All shapes are made once and moved later, so that a handle keeps the focus. */
  function build(picture, table) {
    const clipping = shape(shape(picture, "defs", {}), "clipPath", { id: "tri-frame" });
    shape(clipping, "rect", { width: SIZE, height: SIZE });
    const back = shape(picture, "g", { "clip-path": "url(#tri-frame)", "aria-hidden": "true" });
    const nodes = {
      region: shape(back, "polygon", { class: "tri-region" }),
      box: shape(back, "rect", { class: "tri-box", x: X(-0.5), y: Y(0.5), width: X(0.5) - X(-0.5), height: X(0.5) - X(-0.5) }),
      dots: Array.from({ length: 100 }, () => shape(back, "circle", { class: "tri-reading", r: 3 })),
      band: shape(back, "polygon", { class: "tri-band" }),
      free: shape(back, "line", { class: "tri-free" }),
      ellipse: shape(back, "ellipse", { class: "tri-ellipse" }),
      evidence: shape(back, "circle", { class: "tri-evidence" }),
      lines: [],
    };
    for (let i = 0; i < MAX_LINES; i++) nodes.lines.push(buildLine(back, table, i));
    const front = shape(picture, "g", { "clip-path": "url(#tri-frame)", "aria-hidden": "true" });
    nodes.mean = shape(front, "circle", { class: "tri-mean", r: 5 });
    nodes.estimate = shape(front, "path", { class: "tri-estimate" });
    nodes.point = handle(picture, "tri-point", "hidden point, x1 and x2", -0.5, 0.5);
    shape(nodes.point, "circle", { class: "tri-ring", r: 10 });
    nodes.lines.forEach((line, i) => {
      line.turn = handle(picture, `tri-turn tri-${1 + (i % 3)}`, `angle of boundary ${i + 1}`, -180, 180);
      shape(line.turn, "circle", { class: "tri-knob", r: 11 });
      shape(line.turn, "text", { dy: "0.35em" }).textContent = i + 1;
      line.shift = handle(picture, `tri-shift tri-${1 + (i % 3)}`, `offset of boundary ${i + 1}`, -0.5, 0.5);
      shape(line.shift, "rect", { class: "tri-knob", x: -8, y: -8, width: 16, height: 16, rx: 2 });
    });
    return nodes;
  }

  function buildLine(back, table, i) {
    const group = shape(back, "g", { class: `tri-${1 + (i % 3)}` });
    const row = table.insertRow();
    row.className = `tri-${1 + (i % 3)}`;
    row.innerHTML =
      `<th scope="row">${i + 1}</th><td><span class="tri-track"><span class="tri-bar"></span></span></td>` +
      "<td></td><td></td>";
    return {
      group,
      row,
      boundary: shape(group, "line", { class: "tri-boundary" }),
      locus: shape(group, "line", { class: "tri-locus" }),
      perpendicular: shape(group, "line", { class: "tri-perpendicular" }),
      arrow: shape(group, "path", { class: "tri-arrow", d: "M0 -5L9 0L0 5Z" }),
    };
  }

  /* A point to drag, focus and move with the arrow keys; what it does is in `handles`. */
  function handle(picture, name, label, least, most) {
    const group = shape(picture, "g", {
      class: `tri-handle ${name}`, tabindex: 0, role: "slider", "aria-label": label,
      "aria-valuemin": least, "aria-valuemax": most,
    });
    shape(group, "circle", { class: "tri-target", r: 17 });
    return group;
  }

  function draw(nodes, state, result) {
    nodes.dots.forEach((dot, i) => {
      show(dot, i < result.readings.length);
      if (i < result.readings.length) set(dot, { cx: X(result.readings[i][0]), cy: Y(result.readings[i][1]) });
    });
    set(nodes.mean, { cx: X(result.mean[0]), cy: Y(result.mean[1]) });
    set(nodes.point, {
      transform: `translate(${X(state.x[0])} ${Y(state.x[1])})`,
      "aria-valuenow": state.x[0],
      "aria-valuetext": `x1 ${fixed(state.x[0])}, x2 ${fixed(state.x[1])}`,
    });
    nodes.lines.forEach((line, i) => {
      for (const node of [line.group, line.row, line.turn, line.shift]) show(node, i < state.count);
      if (i < state.count) drawLine(line, state, result, i);
    });
    drawEstimate(nodes, result);
    const corners = [[-VIEW, -VIEW], [VIEW, -VIEW], [VIEW, VIEW], [-VIEW, VIEW]];
    const region = result.lines
      .filter((line) => line.lost)
      .reduce((polygon, line) => clip(polygon, line.normal, line.offset + line.bound, line.side), corners);
    show(nodes.region, result.lines.some((line) => line.lost));
    set(nodes.region, { points: points(region) });
  }

  const points = (polygon) => polygon.map((p) => `${X(p[0])},${Y(p[1])}`).join(" ");

  function drawLine(nodes, state, result, i) {
    const line = result.lines[i];
    const a = line.normal;
    const along = [a[1], -a[0]];
    const middle = [line.offset * a[0], line.offset * a[1]];
    const half = Math.sqrt(RIM ** 2 - line.offset ** 2);
    const [forth, back] = [move(middle, along, half), move(middle, along, -half)];
    segment(nodes.boundary, move(middle, along, 3), move(middle, along, -3));
    const foot = move(result.mean, a, -line.distance);
    show(nodes.perpendicular, !line.lost);
    show(nodes.locus, !line.lost);
    if (!line.lost) {
      const end = move(foot, a, line.readBack);
      segment(nodes.perpendicular, foot, end);
      segment(nodes.locus, move(end, along, 3), move(end, along, -3));
    }
    const start = move(forth, along, -0.07);
    const turned = (-Math.atan2(a[1], a[0]) * 180) / Math.PI;
    set(nodes.arrow, { transform: `translate(${X(start[0])} ${Y(start[1])}) rotate(${turned})` });
    set(nodes.turn, {
      transform: `translate(${X(forth[0])} ${Y(forth[1])})`,
      "aria-valuenow": fixedNumber(state.angles[i], 1),
      "aria-valuetext": `${fixed(state.angles[i], 0)} degrees`,
    });
    set(nodes.shift, {
      transform: `translate(${X(back[0])} ${Y(back[1])})`,
      "aria-valuenow": fixedNumber(line.offset, 3),
      "aria-valuetext": fixed(line.offset),
    });
    const cells = nodes.row.cells;
    cells[1].querySelector(".tri-bar").style.width = `${100 * line.report}%`;
    cells[2].textContent = percent(line.report, state.digits);
    cells[3].textContent = readBack(line);
    nodes.row.classList.toggle("tri-lost", line.lost);
  }

  function drawEstimate(nodes, result) {
    for (const node of [nodes.ellipse, nodes.evidence, nodes.estimate]) show(node, result.isUnique);
    for (const node of [nodes.free, nodes.band]) show(node, result.rank === 1);
    if (result.isUnique) {
      const { ellipse, position } = result;
      const [x, y] = [X(position[0]), Y(position[1])];
      const turned = (-Math.atan2(ellipse.axis[1], ellipse.axis[0]) * 180) / Math.PI;
      set(nodes.ellipse, {
        rx: LONG(ellipse.radii[0]), ry: LONG(ellipse.radii[1]), transform: `translate(${x} ${y}) rotate(${turned})`,
      });
      set(nodes.evidence, { cx: x, cy: y, r: LONG(result.evidenceRadius) });
      set(nodes.estimate, { d: `M${x - 8} ${y - 8}l16 16m0 -16l-16 16` });
    } else if (result.rank === 1) {
      const { normal, level, half } = result.band;
      const along = [normal[1], -normal[0]];
      const side = (shift, far) => move([normal[0] * (level + shift), normal[1] * (level + shift)], along, far);
      segment(nodes.free, side(0, -3), side(0, 3));
      set(nodes.band, { points: points([side(-half, -3), side(-half, 3), side(half, 3), side(half, -3)]) });
    }
  }

  /* ---- Hands: pointer and keyboard ---- */

  function handles(picture, nodes, state, update) {
    const change = (name, i, value) =>
      update({ [name]: Object.assign([...state()[name]], { [i]: value }) });
    const setPoint = (p) => update({ x: p.map((c) => fixedNumber(clamp(c, 0.5), 3)) });
    listen(picture, nodes.point, setPoint, (right, up) =>
      setPoint([state().x[0] + right / 100, state().x[1] + up / 100]));
    nodes.lines.forEach((line, i) => {
      // The knob lies on the rim, β away from the parallel line through the middle.
      const turnTo = (p) => {
        const polar = Math.atan2(p[1], p[0]) - Math.asin(state().offsets[i] / RIM);
        change("angles", i, wrap(Math.round((polar * 180) / Math.PI)));
      };
      listen(picture, line.turn, turnTo, (right, up) =>
        change("angles", i, wrap(state().angles[i] + right + up)));
      const shiftTo = (offset) => change("offsets", i, fixedNumber(clamp(offset, 0.5), 3));
      const along = (p) => normalOf(state().angles[i]).reduce((sum, a, j) => sum + a * p[j], 0);
      listen(picture, line.shift, (p) => shiftTo(along(p)), (right, up) =>
        shiftTo(state().offsets[i] + (right + up) / 100));
    });
  }

  const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

  function listen(picture, node, drag, step) {
    node.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const times = event.shiftKey ? 10 : 1;
      step(arrow[0] * times, arrow[1] * times);
    });
    node.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      node.focus({ preventScroll: true });
      node.classList.add("tri-held");
      const follow = (now) => {
        if (now.pointerId !== event.pointerId) return;
        const frame = picture.getBoundingClientRect();
        drag([
          ((now.clientX - frame.left) / frame.width - 0.5) * 2 * VIEW,
          (0.5 - (now.clientY - frame.top) / frame.height) * 2 * VIEW,
        ]);
      };
      const release = (now) => {
        if (now.pointerId !== event.pointerId) return;
        node.classList.remove("tri-held");
        window.removeEventListener("pointermove", follow);
        for (const end of ["pointerup", "pointercancel"]) window.removeEventListener(end, release);
      };
      window.addEventListener("pointermove", follow);
      for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release);
    });
  }

  const home = document.getElementById("play");
  if (home) window.trilateration.play = mount(home);
})();
