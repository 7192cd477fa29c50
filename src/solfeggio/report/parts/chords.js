// Chords and keys that can be transposed, and how the chords lie on a guitar, with or without a capo.

const LETTERS = "FCGDAEB", ABOVE = { maj: 0, min: 9, dor: 2, mix: 7, phr: 4, lyd: 5 };  // of a mode's tonic, over its major key
const modulo = (number, by) => ((number % by) + by) % by;

function spell(pitch, key) {
  // Name a pitch class as a key [tonic, mode] writes it; harte.spell does the same.
  const minor = key && key[1] === "min", least = minor ? -6 : -5;
  const sharps = key ? modulo(7 * (key[0] - ABOVE[key[1]]) - least, 12) + least : 0, low = sharps - (minor ? 3 : 5);
  let place = modulo(7 * pitch - low, 12) + low;
  if (place > 10) place -= 12;
  if (place < -7) place += 12;
  const marks = Math.floor((place + 1) / 7);
  return LETTERS[modulo(place + 1, 7)] + (marks > 0 ? "♯".repeat(marks) : "♭".repeat(-marks));
}

const raised = (key, steps) => key && [modulo(key[0] + steps, 12), key[1]];

class ChordsLane extends SegmentsLane {
  constructor(data) {
    super(data);
    this.chords = data.chords; this.shapes = data.shapes;
    this.time = this.chords.map(() => 0);
    this.starts.forEach((start, i) => { this.time[this.labels.of[i]] += this.ends[i] - start; });
  }
  move(steps, key) {
    this.steps = steps; this.key = raised(key, steps);
    this.labels.names = this.chords.map((chord) => (chord ? this.name(chord, chord[2] !== null) : "–"));
    this.labels.tints = this.chords.map((chord) => chord && modulo(chord[0] + steps, 12));
  }
  name([root, mark, bass], over) {
    const { steps = 0, key = null } = this;
    return spell(root + steps, key) + mark + (over ? "/" + spell(bass + steps, key) : "");
  }
  fitted(text, space, name) {  // the name, without its bass, as a triad; in small letters before anything is left out
    const chord = this.chords[name];
    if (!chord) return super.fitted(text, space);
    const root = spell(chord[0] + (this.steps || 0), this.key || null), triad = /^(m(?!aj)|°|\+)?/.exec(chord[1])[0];
    for (const short of [text, root + chord[1], root + triad])
      for (const narrow of [false, true]) if (short.length * (narrow ? 6.2 : 8) <= space) return [short, narrow];
    return ["", false];
  }
  sounding(time) {
    const i = firstAtLeast(this.starts, time + 1e-6) - 1;
    return i >= 0 && this.ends[i] > time ? this.labels.of[i] : -1;
  }
  shapeOf(chord, steps) {
    const all = chord && this.shapes[chord[1]];
    return all ? all[modulo(chord[0] + steps, 12)] : null;
  }
}

class KeysLane extends SegmentsLane {
  constructor(data) { super(data); this.keys = data.keys; this.given = this.labels.names; }
  move(steps) {
    this.labels.names = this.keys.map((key, i) => (key ? `${spell(key[0] + steps, raised(key, steps))} ${this.given[i].split(" ")[1]}` : "–"));
    this.labels.tints = this.keys.map((key) => key && modulo(key[0] + steps, 12));
  }
}
Object.assign(laneKinds, { chords: ChordsLane, keys: KeysLane });

const isOpen = (frets) => Math.max(...frets) < 5 && frets.includes(0);

class Harmony {
  // The panel under the lanes: transposition, capo, and a diagram of each chord, the most used first.
  constructor(player) {
    this.player = player; this.root = player.find(".harmony"); this.steps = 0; this.capo = 0;
    this.lane = player.lanes.find((lane) => lane instanceof ChordsLane);
    if (!this.root || !this.lane) return;
    for (const button of this.root.querySelectorAll("[data-steps]")) button.addEventListener("click", () => this.transpose(Number(button.dataset.steps)));
    this.choice = find(".capo", this.root);
    this.choice.addEventListener("change", () => { this.capo = Number(this.choice.value); this.show(); });
    this.show();
  }

  transpose(steps) {
    this.steps = steps ? Math.max(-11, Math.min(11, this.steps + steps)) : 0;
    this.show();
  }

  // Seconds of the song that open shapes cover with the capo at this fret.
  ease(capo) {
    const { chords, time } = this.lane;
    return chords.reduce((sum, chord, i) => {
      const frets = this.lane.shapeOf(chord, this.steps - capo);
      return sum + (frets && isOpen(frets) ? time[i] : 0);
    }, 0);
  }

  show() {
    const { lane, player, steps, capo } = this, by = (number) => (number > 0 ? `+${number}` : number < 0 ? `−${-number}` : "0");
    find(".steps-now", this.root).textContent = by(steps);
    const eases = [0, 1, 2, 3, 4, 5, 6, 7].map((fret) => this.ease(fret)), best = eases.indexOf(Math.max(...eases));
    [...this.choice.options].forEach((option, fret) => { option.textContent = (fret ? `fret ${fret}` : "none") + (fret === best ? ", easiest" : ""); });
    for (const one of player.lanes) if (one.move) one.move(one === lane ? steps - capo : steps, player.data.key);
    this.draw();
    if (player.view.width) player.draw();
  }

  draw() {
    const { lane, steps, capo } = this, seen = new Map();
    lane.chords.forEach((chord, i) => {
      const frets = lane.shapeOf(chord, steps - capo);
      if (!frets) return;
      const name = lane.name(chord, false), known = seen.get(name) || { frets, time: 0, of: [] };
      known.time += lane.time[i]; known.of.push(i);
      seen.set(name, known);
    });
    this.cards = [...seen].sort((a, b) => b[1].time - a[1].time).slice(0, 24).map(([name, { frets, of }]) => {
      const card = document.createElement("li"), label = document.createElement("span");
      label.textContent = name;
      card.append(label, diagram(frets, name));
      return { card, of };
    });
    find(".shapes", this.root).replaceChildren(...this.cards.map(({ card }) => card));
    this.lit = null;
  }

  light(time) {
    if (!this.cards) return;
    const now = this.lane.sounding(time);
    if (this.lit === now) return;
    this.lit = now;
    for (const { card, of } of this.cards) card.classList.toggle("now", of.includes(now));
  }
}

function diagram(frets, name) {
  // Six strings, low E left; four frets or five from the nut, or from the fret whose number stands beside it.
  const used = frets.filter((fret) => fret > 0), highest = Math.max(...used, 0), first = highest > 4 ? Math.min(...used) : 1;
  const rows = Math.max(4, highest - first + 1), x = (string) => 12 + 9 * string, y = (fret) => 14 + 11 * (fret - first + 0.5);
  const said = frets.map((fret) => (fret < 0 ? "not played" : fret || "open")).join(", ");
  const made = shape("svg", { viewBox: `0 0 72 ${22 + 11 * rows}`, width: 72, height: 22 + 11 * rows, role: "img", "aria-label": `${name}, strings from low to high: ${said}` });
  let d = "";
  for (let string = 0; string < 6; string++) d += `M${x(string)} 14v${11 * rows}`;
  for (let row = 0; row <= rows; row++) d += `M12 ${14 + 11 * row}h45`;
  made.append(shape("path", { class: "neck", d }));
  if (first === 1) made.append(shape("path", { class: "nut", d: "M11 14h47" }));
  else made.append(shape("text", { x: 67, y: y(first) + 4 }, first));
  const low = Math.min(...used), from = frets.indexOf(low), to = frets.lastIndexOf(low);
  if (to > from && from < 4 && !frets.includes(0)) made.append(shape("path", { class: "barre", d: `M${x(from)} ${y(low)}H${x(to)}` }));
  frets.forEach((fret, string) => {
    if (fret > 0) made.append(shape("circle", { class: "finger", cx: x(string), cy: y(fret), r: 3.6 }));
    else if (fret === 0) made.append(shape("circle", { class: "string", cx: x(string), cy: 8, r: 2.6 }));
    else made.append(shape("path", { class: "string", d: `M${x(string) - 2.4} 5.6l4.8 4.8m0 -4.8l-4.8 4.8` }));
  });
  return made;
}
