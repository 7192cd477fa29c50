// Lanes: draw what is visible, and no more, as SVG. x(t) is the one function that turns time into pixels.

function bytesOf(packed) {
  const text = atob(packed), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
const floatsOf = (packed) => new Float32Array(bytesOf(packed).buffer);
const secondsOf = (packed) => Float64Array.from(new Uint32Array(bytesOf(packed).buffer), (tick) => tick / 10000);

class View {
  // What part of the time line is on screen: starts at `start` seconds, `scale` pixels a second, `width` pixels.
  constructor() { Object.assign(this, { start: 0, scale: 100, width: 0, height: 0 }); }
  get end() { return this.start + this.width / this.scale; }
  x(time) {
    const dots = window.devicePixelRatio || 1;
    return Math.round((time - this.start) * this.scale * dots) / dots;
  }
}

let namespace = null;
function shape(name, attributes, text) {
  namespace = namespace || document.querySelector("svg").namespaceURI;
  const made = document.createElementNS(namespace, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}
const tidy = (number) => Math.round(number * 100) / 100;

class Envelope {
  constructor(data) {
    const all = new Int8Array(bytesOf(data.packed).buffer), n = data.columns;
    this.levels = [{ perSecond: data.per_second, low: all.subarray(0, n), high: all.subarray(n, 2 * n), rms: all.subarray(2 * n) }];
    while (this.levels[this.levels.length - 1].low.length > 512) this.levels.push(this.coarser());
  }

  coarser() {
    const from = this.levels[this.levels.length - 1], n = Math.ceil(from.low.length / 4);
    const to = { perSecond: from.perSecond / 4, low: new Int8Array(n), high: new Int8Array(n), rms: new Int8Array(n) };
    for (let i = 0; i < n; i++) {
      let low = 127, high = -128, power = 0, last = Math.min(4 * i + 4, from.low.length);
      for (let j = 4 * i; j < last; j++) {
        if (from.low[j] < low) low = from.low[j];
        if (from.high[j] > high) high = from.high[j];
        power += from.rms[j] * from.rms[j];
      }
      to.low[i] = low; to.high[i] = high; to.rms[i] = Math.sqrt(power / (last - 4 * i));
    }
    return to;
  }

  draw(svg, view, height) {
    const at = this.levels.filter((level) => level.perSecond >= view.scale * 1.5).pop() || this.levels[0];
    const { perSecond, low, high, rms } = at, middle = height / 2, unit = (height / 2 - 2) / 127;
    const upper = [], lower = [], body = [], under = [];
    const push = (x, from, to) => {
      let least = 127, most = -128, loud = 0;
      for (let i = from; i < to; i++) {
        if (low[i] < least) least = low[i];
        if (high[i] > most) most = high[i];
        if (rms[i] > loud) loud = rms[i];
      }
      if (to <= from) return;
      upper.push(`${tidy(x)} ${tidy(middle - Math.max(most * unit, 0.4))}`);
      lower.push(`${tidy(x)} ${tidy(middle - Math.min(least * unit, -0.4))}`);
      const inner = Math.min(loud, most, Math.max(-least, 0)) * unit;
      body.push(`${tidy(x)} ${tidy(middle - inner)}`);
      under.push(`${tidy(x)} ${tidy(middle + inner)}`);
    };
    if (perSecond >= view.scale) {  // a column of the envelope is narrower than a pixel: one point a pixel
      for (let x = 0; x < view.width; x++) {
        const from = Math.floor((view.start + x / view.scale) * perSecond);
        const to = Math.ceil((view.start + (x + 1) / view.scale) * perSecond);
        push(x + 0.5, Math.max(from, 0), Math.min(to, low.length));
      }
    } else {
      const first = Math.max(Math.floor(view.start * perSecond) - 1, 0);
      const last = Math.min(Math.ceil(view.end * perSecond) + 1, low.length);
      for (let i = first; i < last; i++) push(((i + 0.5) / perSecond - view.start) * view.scale, i, i + 1);
    }
    const outline = (top, bottom) => (top.length ? `M${top.join("L")}L${bottom.reverse().join("L")}Z` : "");
    svg.replaceChildren(shape("path", { class: "wave", d: outline(upper, lower) }),
                        shape("path", { class: "wave-body", d: outline(body, under) }));
  }
}

// Bars and beats. One stroke for all bar lines, one for all beats, so a screen full of them is two elements.
function drawGrid(svg, view, bars, beats) {
  const nodes = [], height = view.height;
  const strokes = (times, first, last, step) => {
    let d = "";
    for (let i = first; i < last; i++) if (i % step === 0) d += `M${view.x(times[i]) + 0.5} 0V${height}`;
    return d;
  };
  const range = (times) => [Math.max(firstAtLeast(times, view.start) - 1, 0), firstAtLeast(times, view.end + 1 / view.scale)];
  if (bars.starts.length) {
    const [first, last] = range(bars.starts), gap = view.scale * bars.typical;
    if (gap > 14) {
      let d = "";
      for (let i = first; i < last; i++) {
        const x = view.x(bars.starts[i]);
        if (bars.numbers[i] % 2 === 0) d += `M${x} 0H${view.x(bars.ends[i])}V${height}H${x}Z`;
      }
      nodes.push(shape("path", { class: "bar-shade", d }));
    }
    const step = Math.max(1, 2 ** Math.ceil(Math.log2(7 / gap)));
    nodes.push(shape("path", { class: step > 1 ? "beat-line" : "bar-line", d: strokes(bars.starts, first, last, step) }));
  }
  if (beats.times.length && view.scale * beats.typical > 9) {
    const [first, last] = range(beats.times);
    nodes.unshift(shape("path", { class: "beat-line", d: strokes(beats.times, first, last, 1) }));
  }
  svg.replaceChildren(...nodes);
}

function drawRuler(svg, view, bars, loop) {
  const nodes = [], height = 30;
  if (loop) {
    const x = view.x(loop.start), end = view.x(loop.end);
    if (end > 0 && x < view.width)
      nodes.push(shape("rect", { class: "loop-band" + (loop.on ? " on" : ""), x, y: 0, width: Math.max(end - x, 2), height }));
  }
  if (bars.starts.length) {
    const gap = view.scale * bars.typical, step = Math.max(1, 2 ** Math.ceil(Math.log2(38 / gap)));
    let metre = null;
    const first = Math.max(firstAtLeast(bars.starts, view.start) - 1, 0);
    for (let i = first; i < bars.starts.length && bars.starts[i] < view.end; i++) {
      const x = view.x(bars.starts[i]), number = bars.numbers[i];
      const changed = bars.metres[i] !== (metre ?? (i ? bars.metres[i - 1] : null));
      metre = bars.metres[i];
      if (changed && gap > 30) {
        const [top, bottom] = metre.split("/");
        nodes.push(shape("text", { class: "metre", x: x + 6, y: 14 }, top), shape("text", { class: "metre", x: x + 6, y: 28 }, bottom));
      }
      if (number > 0 && (number - 1) % step === 0)
        nodes.push(shape("text", { class: "bar-number", x: x + (changed && gap > 30 ? 22 : 5), y: 20 }, number));
    }
  }
  svg.replaceChildren(...nodes);
}

function clockText(seconds, digits = 0) {
  const sign = seconds < 0 ? "-" : "", whole = Math.abs(seconds) + 1e-9;
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60, rest = Math.floor((whole % 60) * 10 ** digits) / 10 ** digits;
  const tail = rest.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return sign + (hours ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes) + ":" + tail;
}

function drawTimes(svg, view) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600];
  const step = steps.find((seconds) => seconds * view.scale >= 62) || 7200, nodes = [];
  let d = "";
  for (let i = Math.ceil(view.start / step); i * step < view.end; i++) {
    const x = view.x(i * step);
    d += `M${x + 0.5} 0V4`;
    nodes.push(shape("text", { class: "time", x: x + 4, y: 12 }, clockText(i * step, step < 1 ? 1 : 0)));
  }
  svg.replaceChildren(shape("path", { class: "time-tick", d }), ...nodes);
}

// One class for each kind of lane. at(time) gives what sounds then, as text.
class EventsLane {
  constructor(data) {
    this.times = secondsOf(data.times);
    this.values = data.values ? floatsOf(data.values) : null;
    this.labels = data.labels || null;
    this.beats = data.kind === "beats";
    this.split = data.legend;  // a row and a colour for each label
    this.tall = data.tall;  // values are heights within the row
    this.height = this.split ? 16 * this.labels.names.length + 4 : this.beats ? 26 : 34;
  }
  draw(svg, view) {
    const first = firstAtLeast(this.times, view.start - 1), last = firstAtLeast(this.times, view.end), texts = [];
    const strokes = {}, room = (last - first) * 26 < view.width;
    let free = -Infinity, before = {};
    for (let i = first; i < last; i++) {
      const x = view.x(this.times[i]), name = this.labels ? this.labels.of[i] : 0;
      const strong = this.beats && this.labels && this.labels.names[name] === "1";
      let y = this.split ? 16 * name + 2 : this.beats && !strong ? 11 : 4, length = this.split ? 12 : strong ? 18 : this.beats ? 11 : 16;
      if (this.tall && this.values) {
        const cut = Math.round((length - 3) * (1 - Math.max(0, Math.min(1, this.values[i]))));
        y += cut; length -= cut;
      }
      const kind = this.split ? `tint g${name % 8}` : strong ? "event strong" : "event";
      if (before[kind] !== x) strokes[kind] = (strokes[kind] || "") + `M${x + 0.5} ${y}v${length}`;
      before[kind] = x;
      if (room && this.labels && !this.split && x + 3 > free) {
        const text = this.labels.names[name];
        texts.push(shape("text", { class: "event-text", x: x + 4, y: this.beats ? 14 : 30 }, text));
        free = x + 7 * text.length + 8;
      }
    }
    const nodes = Object.keys(strokes).map((kind) => shape("path", { class: kind, d: strokes[kind] }));
    svg.replaceChildren(...nodes, ...texts);
  }
  at(time) {
    const i = firstAtLeast(this.times, time + 1e-6) - 1;
    if (i < 0 || !this.labels || time - this.times[i] > 2) return "";
    return this.labels.names[this.labels.of[i]];
  }
}

class SegmentsLane {
  constructor(data) {
    this.starts = secondsOf(data.starts);
    this.ends = secondsOf(data.ends);
    this.rows = data.rows.length ? data.rows : null;
    this.labels = data.labels || null;
    this.values = data.values ? floatsOf(data.values) : null;
    this.longest = this.ends.reduce((most, end, i) => Math.max(most, end - this.starts[i]), 0);
    this.height = 30 * (this.rows ? Math.max(...this.rows) + 1 : 1) + 2;
  }
  draw(svg, view) {
    const nodes = [], drawn = {};
    const first = firstAtLeast(this.starts, view.start - this.longest), last = firstAtLeast(this.starts, view.end);
    for (let i = first; i < last; i++) {
      if (this.ends[i] < view.start) continue;
      const row = this.rows ? this.rows[i] : 0, x = Math.max(view.x(this.starts[i]), -8), end = Math.min(view.x(this.ends[i]), view.width + 8);
      if (drawn[row] >= Math.round(end)) continue;  // narrower than a pixel that is taken
      drawn[row] = Math.round(end);
      const name = this.labels ? this.labels.of[i] : 0, text = this.labels ? this.labels.names[name] : "";
      const width = Math.max(end - x - (end - x > 4 ? 1 : 0), 1);
      const box = shape("rect", { class: `segment ${this.colour(name, text)}`, x, y: 30 * row + 1, width, height: 28, rx: Math.min(4, width / 4) });
      if (this.values) box.style.opacity = 0.35 + 0.65 * Math.max(0, Math.min(1, this.values[i]));
      nodes.push(box);
      const margin = width < 44 ? 2 : 7, from = Math.max(x, 0) + margin, [shown, narrow] = this.fitted(text, Math.min(end, view.width) - from - 2, name);
      if (shown) nodes.push(shape("text", { class: "segment-text" + (narrow ? " narrow" : ""), x: from, y: 30 * row + 20 }, shown));
    }
    svg.replaceChildren(...nodes);
  }
  colour(name, text) {
    if (text === "–") return "none";
    const { tints, dark, groups } = this.labels || {}, tint = tints && tints[name];
    if (tint === null || tint === undefined) return `g${(groups ? groups[name] : name) % 8}`;
    return `p${tint}` + (dark[name] ? " minor" : "");
  }
  fitted(text, space) {  // what of a name fits into so many pixels, and whether in small letters
    const fits = Math.floor(space / 7.4);
    return [text.length <= fits ? text : fits > 3 ? text.slice(0, fits - 1) + "…" : "", false];
  }
  at(time) {
    const found = [];
    for (let i = firstAtLeast(this.starts, time + 1e-6) - 1; i >= 0 && found.length < 3; i--) {
      if (this.ends[i] > time && this.labels) found.push(this.labels.names[this.labels.of[i]]);
      if (!this.rows || time - this.starts[i] > this.longest) break;
    }
    return found.reverse().join(" + ");
  }
}

class ActivityLane {
  // A row for each instrument, its name in front; the surer, the stronger.
  constructor(data) {
    Object.assign(this, { starts: secondsOf(data.starts), ends: secondsOf(data.ends), labels: data.labels });
    this.values = data.values ? floatsOf(data.values) : null;
    this.longest = this.ends.reduce((most, end, i) => Math.max(most, end - this.starts[i]), 0);
    this.height = 18 * this.labels.names.length + 2;
  }
  draw(svg, view) {
    const nodes = [], names = this.labels.names, last = firstAtLeast(this.starts, view.end);
    let shade = "";
    names.forEach((_, row) => { if (row % 2 === 0) shade += `M0 ${18 * row + 1}h${view.width}v18h${-view.width}Z`; });
    for (let i = firstAtLeast(this.starts, view.start - this.longest); i < last; i++) {
      if (this.ends[i] < view.start) continue;
      const row = this.labels.of[i], x = Math.max(view.x(this.starts[i]), -8), end = Math.min(view.x(this.ends[i]), view.width + 8);
      const box = shape("rect", { class: `note g${row % 8}`, x, y: 18 * row + 4, width: Math.max(end - x, 1), height: 12, rx: 2 });
      if (this.values) box.style.opacity = 0.25 + 0.75 * Math.max(0, Math.min(1, this.values[i]));
      nodes.push(box);
    }
    const texts = names.map((name, row) => shape("text", { class: "row-text instrument", x: 4, y: 18 * row + 14 }, name));
    svg.replaceChildren(shape("path", { class: "black-keys", d: shade }), ...nodes, ...texts);
  }
  at(time) {
    const found = [], last = firstAtLeast(this.starts, time + 1e-6);
    for (let i = firstAtLeast(this.starts, time - this.longest); i < last; i++)
      if (this.ends[i] > time) found.push(this.labels.of[i]);
    const names = [...new Set(found)].sort((a, b) => a - b).map((row) => this.labels.names[row]);
    return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  }
}

class CurveLane {
  constructor(data) {
    Object.assign(this, { unit: data.unit, times: secondsOf(data.times), values: floatsOf(data.values), height: 64 });
    let [low, high] = data.range;
    this.log = data.unit === "Hz" && low > 0;
    const room = Math.max((high - low) * 0.15, data.unit === "bpm" ? high * 0.04 : Math.abs(high) * 0.01, 1e-6);
    [this.low, this.high] = this.log ? [low / 1.06, high * 1.06] : [low - room, high + room];
    this.gap = 4 * Math.max(...[...this.times.slice(1, 400)].map((t, i) => t - this.times[i]), 0.02);
  }
  y(value) {
    const part = this.log ? Math.log(value / this.low) / Math.log(this.high / this.low) : (value - this.low) / (this.high - this.low);
    return tidy(this.height - 4 - part * (this.height - 8));
  }
  draw(svg, view) {
    const first = Math.max(firstAtLeast(this.times, view.start) - 1, 0), last = Math.min(firstAtLeast(this.times, view.end) + 1, this.times.length);
    let d = "", pen = false, column = null, least = 0, most = 0, before = -Infinity;
    const flush = () => { if (column !== null && most > least) d += `M${column} ${this.y(least)}V${this.y(most)}M${column} ${this.y(most)}`; };
    for (let i = first; i < last; i++) {
      const value = this.values[i], x = tidy((this.times[i] - view.start) * view.scale);
      if (this.unit === "Hz" && value <= 0) { pen = false; continue; }
      if (this.times[i] - before > this.gap) pen = false;
      before = this.times[i];
      if (column !== null && Math.floor(x) === Math.floor(column) && pen) {
        least = Math.min(least, value); most = Math.max(most, value);
        continue;
      }
      flush();
      d += `${pen ? "L" : "M"}${x} ${this.y(value)}` + (pen ? "" : "h.01");
      pen = true; column = x; least = most = value;
    }
    flush();
    const nodes = [shape("path", { class: "curve", d })];
    if (this.times.length) {
      const format = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3)), x = view.width - 4;
      nodes.push(shape("text", { class: "axis", x, y: 10 }, format(this.high)), shape("text", { class: "axis", x, y: this.height - 3 }, format(this.low)));
    }
    svg.replaceChildren(...nodes);
  }
  at(time) {
    const i = firstAtLeast(this.times, time + 1e-6) - 1;
    if (i < 0 || time > this.times[this.times.length - 1] + 2 || (this.unit === "Hz" && this.values[i] <= 0)) return "";
    const value = this.values[i];
    return `${Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${this.unit}`.trim();
  }
}

class NotesLane {
  constructor(data) {
    Object.assign(this, { starts: secondsOf(data.starts), ends: secondsOf(data.ends), labels: data.labels || null });
    Object.assign(this, { pitches: floatsOf(data.pitches), velocities: floatsOf(data.velocities) });
    this.low = Math.floor(data.range[0]) - 2;
    this.high = Math.ceil(data.range[1]) + 2;
    this.longest = this.ends.reduce((most, end, i) => Math.max(most, end - this.starts[i]), 0);
    this.height = Math.max(72, Math.min(190, (this.high - this.low + 1) * 4.5));
  }
  draw(svg, view) {
    const row = this.height / (this.high - this.low + 1), y = (pitch) => tidy((this.high - pitch) * row), boxes = {}, nodes = [];
    let black = "";
    for (let pitch = this.low; pitch <= this.high; pitch++) {
      if ([1, 3, 6, 8, 10].includes(pitch % 12)) black += `M0 ${y(pitch)}h${view.width}v${tidy(row)}h${-view.width}Z`;
      if (pitch % 12 === 0) nodes.push(shape("text", { class: "row-text", x: 4, y: y(pitch) + row }, `C${pitch / 12 - 1}`));
    }
    const last = firstAtLeast(this.starts, view.end);
    for (let i = firstAtLeast(this.starts, view.start - this.longest); i < last; i++) {
      if (this.ends[i] < view.start) continue;
      const x = Math.max(view.x(this.starts[i]), -8), end = Math.min(view.x(this.ends[i]), view.width + 8);
      const colour = this.labels ? `g${this.labels.of[i] % 8}` : `p${((Math.round(this.pitches[i]) % 12) + 12) % 12}`;
      const kind = `note ${colour} v${this.velocities[i] > 90 ? 3 : this.velocities[i] > 50 ? 2 : 1}`;
      boxes[kind] = (boxes[kind] || "") + `M${x} ${y(this.pitches[i])}h${Math.max(end - x - 1, 1.5)}v${tidy(Math.max(row - 0.5, 2))}H${x}Z`;
    }
    svg.replaceChildren(shape("path", { class: "black-keys", d: black }), ...Object.keys(boxes).map((kind) => shape("path", { class: kind, d: boxes[kind] })), ...nodes);
  }
  at(time) {
    const names = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"], found = new Set();
    const last = firstAtLeast(this.starts, time + 1e-6);
    for (let i = firstAtLeast(this.starts, time - this.longest); i < last && found.size < 6; i++) {
      const pitch = Math.round(this.pitches[i]);
      if (this.ends[i] > time) found.add(names[((pitch % 12) + 12) % 12] + (Math.floor(pitch / 12) - 1));
    }
    return [...found].join(" ");
  }
}

const laneKinds = { beats: EventsLane, events: EventsLane, segments: SegmentsLane, activity: ActivityLane, curve: CurveLane, notes: NotesLane };
