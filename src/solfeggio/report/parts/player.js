// Player: one song on the page. It owns the audio element, the view and the controls; lanes only draw.

class Player {
  constructor(root) {
    const find = (name) => root.querySelector(name), data = JSON.parse(find(".song-data").textContent);
    this.root = root; this.find = find; this.data = data; this.duration = data.duration;
    this.audio = find("audio"); this.stage = find(".stage"); this.sheet = find(".sheet"); this.cursor = find(".cursor");
    this.audio.controls = false;
    this.clock = new Clock(this.audio);
    this.view = new View();
    this.envelope = new Envelope(data.envelope);
    const unpack = (grid) => ({ ...grid, starts: secondsOf(grid.starts), ends: secondsOf(grid.ends) });
    this.bars = unpack(data.bars);
    this.beats = { ...data.beats, times: secondsOf(data.beats.times) };
    this.metronome = new Metronome(this.audio, this.clock, this.beats.times, this.beats.labels.map((label) => label === "1"));
    this.lanes = data.lanes.map((lane, i) => {
      const made = new laneKinds[lane.kind](lane), box = root.querySelectorAll(".lane")[i];
      made.svg = box.querySelector("svg"); made.now = box.querySelector(".lane-now"); made.box = box;
      made.svg.setAttribute("height", made.height);
      return made;
    });
    this.stems = new Stems(this, data.stems || []);
    this.harmony = new Harmony(this);
    this.loop = null; this.following = true; this.shown = {}; this.before = 0; this.wanted = null;
    this.listen();
    this.view.scale = 0;
    new ResizeObserver(() => this.resize()).observe(this.stage);
    this.resize();
  }

  // ---- view ----

  get fit() { return this.stage.clientWidth / this.duration; }
  get deepest() { return Math.max(500, this.fit); }

  resize() {
    const { view, bars } = this, width = this.stage.clientWidth;
    if (!width || !this.duration) return;
    if (!view.scale) {
      const want = bars.starts.length ? 92 / bars.typical : width / 60;
      view.scale = Math.min(Math.max(want, this.fit), this.deepest);
    } else if (view.width && view.scale <= (view.width / this.duration) * 1.001) view.scale = this.fit;
    view.width = width;
    this.zoomTo(view.scale, 0);
    const overview = find("svg", this.find(".overview")), whole = new View();
    Object.assign(whole, { scale: overview.clientWidth / this.duration, width: overview.clientWidth });
    this.envelope.draw(overview, whole, 40);
    this.paint();
  }

  zoomTo(scale, x) {
    const { view } = this, anchor = view.start + x / view.scale;
    view.scale = Math.min(Math.max(scale, this.fit), this.deepest);
    this.sheet.style.width = `${Math.max(Math.round(this.duration * view.scale), view.width)}px`;
    this.scrollTo(anchor - x / view.scale);
  }

  zoom(factor) {
    const x = this.view.x(this.now());
    this.zoomTo(this.view.scale * factor, x >= 0 && x <= this.view.width ? x : this.view.width / 2);
  }

  scrollTo(start) {
    this.stage.scrollLeft = Math.round(start * this.view.scale);
    this.draw();
  }

  draw() {
    const { view, stage, bars } = this;
    view.start = stage.scrollLeft / view.scale;
    view.height = this.find(".view").clientHeight;
    this.find(".view").style.width = `${view.width}px`;
    this.envelope.draw(this.find(".waveform svg"), view, this.find(".waveform").clientHeight);
    drawGrid(this.find(".grid"), view, bars, this.beats);
    drawRuler(this.find(".ruler svg"), view, bars, this.loop);
    drawTimes(this.find(".times svg"), view);
    for (const lane of this.lanes) lane.draw(lane.svg, view);
    const pane = this.find(".overview-view"), end = Math.min(view.end, this.duration);
    pane.style.left = `${(100 * view.start) / this.duration}%`;
    pane.style.width = `${(100 * (end - view.start)) / this.duration}%`;
    pane.hidden = view.scale <= this.fit * 1.01;
    this.paint();
  }

  paint() {
    // What moves with the music, and nothing else: called on every frame while playing.
    const { view, audio } = this, now = Math.min(this.now(), this.duration);
    let x = view.x(now);
    const room = x < 0 ? view.start > 0 : view.end < this.duration - 1 / view.scale;
    if (this.following && !audio.paused && room && (x > view.width * 0.94 || x < 0)) {  // turn the page
      this.scrollTo(now - (view.width * 0.06) / view.scale);
      return;
    }
    this.cursor.style.transform = `translateX(${x}px)`;
    this.cursor.hidden = x < -1 || x > view.width;
    this.find(".overview-cursor").style.left = `${(100 * now) / this.duration}%`;
    const { bar, beat } = this.place(now), tenth = clockText(now, 1);
    this.show("time", ".time-now", tenth);
    this.show("bar", ".bar-now", bar > 0 ? String(bar) : "–");
    this.show("beat", ".beat-now", beat || "–");
    this.light(beat, bar);
    for (const lane of this.lanes) {
      const text = lane.at(now);
      if (lane.shown !== text) lane.now.textContent = lane.shown = text;
    }
    this.harmony.light(now);
    const second = Math.round(now);
    if (this.shown.second !== second) {
      this.shown.second = second;
      const slider = this.find(".overview");
      slider.setAttribute("aria-valuenow", second);
      slider.setAttribute("aria-valuetext", clockText(now) + (bar > 0 ? `, bar ${bar}${beat ? `, beat ${beat}` : ""}` : ""));
    }
  }

  show(key, selector, text) {
    if (this.shown[key] === text) return;
    this.shown[key] = text;
    this.find(selector).textContent = text;
  }

  light(beat, bar) {
    const lamp = this.find(".lamp"), index = this.barAt(this.now());
    const count = bar === null || !this.bars.metres.length ? 0 : parseInt(this.bars.metres[Math.max(index, 0)], 10);
    if (lamp.childElementCount !== count) lamp.replaceChildren(...Array.from({ length: count }, () => document.createElement("i")));
    if (this.shown.lamp === beat + "/" + count) return;
    this.shown.lamp = beat + "/" + count;
    [...lamp.children].forEach((dot, i) => dot.classList.toggle("lit", String(i + 1) === beat));
  }

  barAt(time) { return firstAtLeast(this.bars.starts, time + 1e-4) - 1; }

  place(time) {
    const index = this.barAt(time), i = firstAtLeast(this.beats.times, time + 1e-4) - 1;
    const inside = index >= 0 && time < this.bars.ends[index] + 0.02;
    const near = i >= 0 && time - this.beats.times[i] < Math.max(2 * this.beats.typical, 1);
    return { bar: inside ? this.bars.numbers[index] : null, beat: near ? this.beats.labels[i] || "" : "" };
  }

  // ---- playing ----

  load() {
    // Once, before the sound is first needed. Where unpacking fails, the packed sound stays in place.
    if (!this.loaded) {
      this.root.classList.add("loading");
      const { audio, data } = this;
      this.loaded = exactSound(audio.src, data.rate, data.samples).then((blob) => {
        this.whole = URL.createObjectURL(blob);
        this.swap(this.whole);
        this.root.classList.remove("loading");
      });
    }
    return this.loaded;
  }

  swap(address) {
    // Go on with another sound of the same length.
    const { audio } = this, playing = !audio.paused;
    this.wanted = this.wanted ?? audio.currentTime;
    audio.src = address;
    audio.playbackRate = Number(this.find(".speed").value);
    if (playing) audio.play().catch((error) => this.fail(error));
  }

  arrive() {
    // The sound is there: go to where the listener asked to be before it was.
    if (!this.audio.src.startsWith("blob:") || this.wanted === null) return this.paint();
    this.audio.currentTime = this.wanted;
    this.wanted = null;
  }

  now() { return this.wanted ?? this.clock.now(); }

  async play() {
    await this.load();
    if (this.audio.paused) this.audio.play().catch((error) => this.fail(error)); else this.audio.pause();
  }

  fail(error) {
    if (error && error.name === "AbortError") return;
    const notice = this.find(".notice");
    notice.textContent = "This browser could not play the sound in this page. The pictures still tell the time.";
    notice.hidden = false;
  }

  seek(time) {
    const goal = Math.min(Math.max(time, 0), Math.max(this.duration - 0.01, 0));
    this.load();
    if (this.audio.readyState < 1 || !this.audio.src.startsWith("blob:")) this.wanted = goal;
    else this.audio.currentTime = goal;
    this.following = true;
    this.before = goal;
    const x = this.view.x(goal);
    if (x < 0 || x > this.view.width) this.scrollTo(goal - (this.view.width * 0.3) / this.view.scale);
    else this.paint();
  }

  step(direction, times, seconds) {
    const now = this.now();
    if (!times.length) return this.seek(now + direction * seconds);
    const after = firstAtLeast(times, now + 0.02), grace = this.audio.paused ? 0.02 : 0.35;
    if (direction > 0) return this.seek(after < times.length ? times[after] : this.duration);
    const index = firstAtLeast(times, now - grace) - 1;
    this.seek(index < 0 ? 0 : times[index]);
  }

  setLoop(start, end, on = true) {
    this.loop = end > start + 0.02 ? { start, end: Math.min(end, this.duration), on } : null;
    this.metronome.drop(true);
    this.metronome.until = this.loop && this.loop.on ? this.loop.end : Infinity;
    this.find("[data-do=loop]").setAttribute("aria-pressed", String(Boolean(this.loop && this.loop.on)));
    this.find(".loop-range").hidden = !this.loop || !this.bars.starts.length;
    if (this.loop && this.bars.starts.length) {
      const numbers = this.bars.numbers, last = firstAtLeast(this.bars.starts, this.loop.end - 0.02) - 1;
      this.find(".loop-from").value = numbers[Math.max(this.barAt(start), 0)];
      this.find(".loop-to").value = numbers[Math.max(last, 0)];
    }
    this.draw();
  }

  toggleLoop() {
    if (this.loop) return this.setLoop(this.loop.start, this.loop.end, !this.loop.on);
    const now = this.now(), { starts, ends } = this.bars, index = Math.max(this.barAt(now), 0);
    if (!starts.length) return this.setLoop(now, Math.min(now + 5, this.duration));
    this.setLoop(starts[index], ends[Math.min(index + 3, ends.length - 1)]);
  }

  loopBars(from, to) {
    const { numbers, starts, ends } = this.bars, first = numbers.indexOf(Math.min(from, to)), last = numbers.indexOf(Math.max(from, to));
    if (first >= 0 && last >= 0) this.setLoop(starts[first], ends[last], this.loop ? this.loop.on : true);
  }

  edge(side) {
    // The keys [ and ]: the loop starts, or ends, with the bar that sounds now.
    const now = this.now(), index = Math.max(this.barAt(now), 0), { starts, ends } = this.bars;
    const [start, end] = starts.length ? [starts[index], ends[index]] : [now, now];
    if (side < 0) this.setLoop(start, this.loop && this.loop.end > start ? this.loop.end : starts.length ? end : this.duration);
    else this.setLoop(this.loop && this.loop.start < end ? this.loop.start : starts.length ? start : 0, end);
  }

  tick() {
    const now = this.now(), { loop, audio } = this;
    if (loop && loop.on && this.before < loop.end && !audio.seeking) {
      const left = (loop.end - now) / audio.playbackRate;
      if (left <= 0.006) { audio.currentTime = loop.start; this.before = loop.start; return; }
      if (left < 0.03) setTimeout(() => this.tick(), left * 1000);
    }
    this.before = now;
    this.metronome.tick();
  }

  run() {
    clearInterval(this.timer);
    const playing = !this.audio.paused;
    this.root.classList.toggle("playing", playing);
    const button = this.find("[data-do=play]");
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    if (!playing) return this.paint();
    for (const other of Player.all) if (other !== this) other.audio.pause();
    Player.active = this;
    this.timer = setInterval(() => this.tick(), 25);
    const frame = () => { if (this.audio.paused) return; this.paint(); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  toggleClick() {
    const button = this.find("[data-do=click]");
    if (button.disabled) return;
    this.metronome.set(!this.metronome.on);
    button.setAttribute("aria-pressed", String(this.metronome.on));
  }

  setSpeed(rate) {
    const speed = this.find(".speed"), value = Math.min(1.5, Math.max(0.5, Math.round(rate * 20) / 20));
    speed.value = value;
    this.audio.playbackRate = value;
    this.find(".speed-now").textContent = `${value.toFixed(2)}×`;
  }

  setVolume(value) {
    const volume = Math.min(1, Math.max(0, value));
    this.find(".volume").value = volume;
    this.audio.volume = volume;
    this.audio.muted = false;
    this.root.classList.remove("muted");
  }

  mute() { this.audio.muted = !this.audio.muted; this.root.classList.toggle("muted", this.audio.muted); }
}

Player.all = [];
Player.active = null;
function find(name, root) { return root.querySelector(name); }
