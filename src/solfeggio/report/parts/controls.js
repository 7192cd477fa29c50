// Controls: buttons, pointer, wheel, touch and keys. Everything a pointer can do, a key can do.

Player.prototype.listen = function () {
  const { root, audio, stage, view } = this, act = {
    play: () => this.play(), click: () => this.toggleClick(), loop: () => this.toggleLoop(),
    in: () => this.zoom(1.6), out: () => this.zoom(1 / 1.6), whole: () => this.zoomTo(0, 0), help: () => showKeys(),
  };
  for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", (event) => {
    Player.active = this;
    act[button.dataset.do]();
    if (event.detail > 0) button.blur();  // so that the space bar plays after a click with the mouse
  });
  for (const name of ["pointerdown", "focusin"]) root.addEventListener(name, () => { Player.active = this; this.load(); });
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, () => this.run());
  audio.addEventListener("seeked", () => this.paint());
  audio.addEventListener("loadedmetadata", () => this.arrive());
  audio.addEventListener("ended", () => {
    if (this.loop && this.loop.on) { audio.currentTime = this.before = this.loop.start; audio.play(); }
  });
  audio.addEventListener("error", () => { if (audio.src) this.fail(); });
  const slide = (name, change) => this.find(name).addEventListener("input", (event) => change(Number(event.target.value)));
  slide(".speed", (value) => this.setSpeed(value));
  slide(".volume", (value) => this.setVolume(value));
  slide(".click-volume", (value) => this.metronome.setLevel(value));
  this.find(".speed").addEventListener("dblclick", () => this.setSpeed(1));
  for (const name of [".loop-from", ".loop-to"]) this.find(name).addEventListener("change", () =>
    this.loopBars(Number(this.find(".loop-from").value), Number(this.find(".loop-to").value)));

  stage.addEventListener("scroll", () => {
    if (Math.abs(stage.scrollLeft / view.scale - view.start) * view.scale < 0.01) return;
    this.draw();
    const x = view.x(this.now());
    this.following = x >= 0 && x <= view.width;
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoomTo(view.scale * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), this.pixel(event));
  }, { passive: false });
  this.pinch();
  this.drags();
  this.hover();
};

Player.prototype.pixel = function (event) { return event.clientX - this.stage.getBoundingClientRect().left - this.stage.clientLeft; };
Player.prototype.timeAt = function (event) {
  return Math.min(Math.max(this.view.start + this.pixel(event) / this.view.scale, 0), this.duration);
};

Player.prototype.pinch = function () {
  const { stage, view } = this, spread = (touches) => Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY);
  let from = null;
  stage.addEventListener("touchstart", (event) => { if (event.touches.length === 2) from = { spread: spread(event.touches), scale: view.scale }; });
  stage.addEventListener("touchmove", (event) => {
    if (!from || event.touches.length !== 2) return;
    event.preventDefault();
    const middle = { clientX: (event.touches[0].clientX + event.touches[1].clientX) / 2 };
    this.zoomTo(from.scale * spread(event.touches) / from.spread, this.pixel(middle));
  }, { passive: false });
  stage.addEventListener("touchend", () => { from = null; });
  stage.addEventListener("gesturestart", (event) => { event.preventDefault(); from = { spread: 1, scale: view.scale }; });  // Safari's trackpad
  stage.addEventListener("gesturechange", (event) => {
    event.preventDefault();
    if (from) this.zoomTo(from.scale * event.scale, this.pixel(event));
  });
};

Player.prototype.drags = function () {
  const ruler = this.find(".ruler"), overview = this.find(".overview");
  let from = null, moved = false;
  ruler.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    from = { x: this.pixel(event), time: this.timeAt(event) };
    moved = false;
    ruler.setPointerCapture(event.pointerId);
  });
  ruler.addEventListener("pointermove", (event) => {
    if (!from || (!moved && Math.abs(this.pixel(event) - from.x) < 5)) return;
    moved = true;
    const times = [from.time, this.timeAt(event)].sort((a, b) => a - b), { starts, ends } = this.bars;
    if (starts.length) {
      const first = Math.max(this.barAt(times[0]), 0), last = Math.max(this.barAt(times[1]), 0);
      this.setLoop(starts[first], ends[last]);
    } else this.setLoop(times[0], times[1]);
  });
  ruler.addEventListener("pointerup", (event) => { if (from && !moved) this.seek(this.timeAt(event)); from = null; });
  ruler.addEventListener("pointercancel", () => { from = null; });
  this.find(".view").addEventListener("click", (event) => { if (!event.target.closest(".ruler")) this.seek(this.timeAt(event)); });

  const jump = (event) => {
    const box = overview.getBoundingClientRect();
    const time = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * this.duration;
    this.seek(time);
    this.scrollTo(time - this.view.width / this.view.scale / 2);
  };
  let held = false;
  overview.addEventListener("pointerdown", (event) => { if (event.button) return; held = true; overview.setPointerCapture(event.pointerId); jump(event); });
  overview.addEventListener("pointermove", (event) => { if (held) jump(event); });
  for (const name of ["pointerup", "pointercancel"]) overview.addEventListener(name, () => { held = false; });
};

Player.prototype.hover = function () {
  const line = this.find(".hover"), chip = this.find(".hover-chip"), view = this.find(".view");
  const hide = () => { line.hidden = true; };
  view.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return hide();
    const time = this.timeAt(event), { bar, beat } = this.place(time), box = event.target.closest(".lane");
    const lane = this.lanes.find((one) => one.box === box), text = lane ? lane.at(time) : "";
    line.hidden = false;
    line.style.transform = `translateX(${this.view.x(time)}px)`;
    line.classList.toggle("left", this.view.x(time) > this.view.width - 190);
    chip.textContent = [clockText(time, 2), bar > 0 ? `bar ${bar}${beat ? `.${beat}` : ""}` : "", text].filter(Boolean).join("  ·  ");
  });
  view.addEventListener("pointerleave", hide);
};

function showKeys() {
  const dialog = document.querySelector("#keys");
  if (dialog.open) dialog.close(); else dialog.showModal();
}

function onKey(event) {
  const player = Player.active || Player.all[0], target = event.target;
  if (!player || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const dialog = document.querySelector("#keys"), key = event.key;
  if (dialog && dialog.open && key !== "?") return;
  const typing = target.matches && target.matches("input, select, textarea");
  const own = typing || (target.matches && target.matches("button, a, summary"));
  if (typing && (target.type === "number" || !/^[a-z?[\]]$/i.test(key))) return;
  if (own && (key === " " || key === "Enter")) return;
  const { audio, bars, beats, duration } = player, one = event.shiftKey;
  const keys = {
    " ": () => player.play(), k: () => player.play(), c: () => player.toggleClick(), l: () => player.toggleLoop(),
    ArrowLeft: () => player.step(-1, one ? beats.times : bars.starts, one ? 1 : 5),
    ArrowRight: () => player.step(1, one ? beats.times : bars.starts, one ? 1 : 5),
    ArrowUp: () => player.setVolume(audio.volume + 0.05), ArrowDown: () => player.setVolume(audio.volume - 0.05),
    Home: () => player.seek(0), End: () => player.seek(duration),
    "+": () => player.zoom(1.6), "=": () => player.zoom(1.6), "-": () => player.zoom(1 / 1.6), _: () => player.zoom(1 / 1.6), 0: () => player.zoomTo(0, 0),
    "[": () => player.edge(-1), "]": () => player.edge(1), m: () => player.mute(),
    ",": () => player.setSpeed(audio.playbackRate - 0.05), ".": () => player.setSpeed(audio.playbackRate + 0.05), "?": showKeys,
  };
  const action = keys[key.length === 1 ? key.toLowerCase() : key];
  if (!action) return;
  event.preventDefault();
  action();
}

for (const root of document.querySelectorAll("[data-player]")) Player.all.push(new Player(root));
if (Player.all.length === 1) setTimeout(() => Player.all[0].load(), 50);
document.addEventListener("keydown", onKey);
for (const button of document.querySelectorAll(".show-keys")) button.addEventListener("click", showKeys);
const keysDialog = document.querySelector("#keys");
if (keysDialog) keysDialog.addEventListener("click", (event) => { if (event.target === keysDialog) keysDialog.close(); });
