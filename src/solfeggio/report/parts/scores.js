"use strict";
// Score pages: one sound at a time, a cursor on the piano roll, and knobs that choose among scores written beforehand.

const clockText = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

class Card {
  constructor(root) {
    Object.assign(this, { root, audio: root.querySelector("audio"), button: root.querySelector(".round") });
    if (!this.audio) return;
    this.seek = root.querySelector(".seek");
    this.cursor = root.querySelector(".cursor");
    this.roll = root.querySelector(".roll");
    this.text = root.querySelector(".now");
    this.name = root.querySelector("h2").textContent;
    this.audio.removeAttribute("controls");
    this.button.addEventListener("click", () => this.toggle());
    this.seek.addEventListener("input", () => this.go(Number(this.seek.value)));
    root.querySelector(".plane").addEventListener("click", (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      this.go((event.clientX - box.left) / box.width * Number(root.dataset.span));
    });
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.show());
  }

  toggle() {
    if (this.audio.paused) this.play(); else this.audio.pause();
  }

  play() {
    for (const card of Card.all) if (card !== this && card.audio && !card.audio.paused) card.audio.pause();
    Card.active = this;
    this.audio.play().catch(() => {});
  }

  go(seconds) {
    const at = Math.min(Math.max(seconds, 0), Number(this.seek.max));
    if (this.audio.readyState > 0) this.audio.currentTime = at;
    else {
      this.audio.addEventListener("loadedmetadata", () => { this.audio.currentTime = at; this.paint(at); }, { once: true });
      this.audio.load();
    }
    Card.active = this;
    this.paint(at);
  }

  show() {
    const playing = !this.audio.paused && !this.audio.ended;
    this.root.classList.toggle("playing", playing);
    this.button.setAttribute("aria-pressed", String(playing));
    this.button.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${this.name}`);
    const step = () => {
      this.paint(this.audio.currentTime);
      if (!this.audio.paused && !this.audio.ended) requestAnimationFrame(step);
    };
    step();
  }

  paint(seconds) {
    const part = Math.min(seconds / Number(this.root.dataset.span), 1);
    this.seek.value = seconds;
    this.seek.setAttribute("aria-valuetext", clockText(seconds));
    this.text.textContent = clockText(seconds);
    this.cursor.hidden = seconds === 0;
    this.cursor.style.left = `${100 * part}%`;
    const x = part * this.roll.scrollWidth;
    if (!this.audio.paused && (x < this.roll.scrollLeft || x > this.roll.scrollLeft + this.roll.clientWidth - 20))
      this.roll.scrollLeft = x - 30;
  }
}

Card.all = [...document.querySelectorAll("[data-score]")].map((root) => new Card(root));
Card.active = Card.all.find((card) => card.audio && !card.root.hidden);

const knobs = [...document.querySelectorAll(".knob input")];
function turn() {
  const before = Card.all.find((card) => card.root.dataset.place && !card.root.hidden);
  const after = Card.all.find((card) => card.root.dataset.place === knobs.map((knob) => knob.value).join(","));
  const said = knobs.map((knob) => {
    const value = knob.dataset.steps.split("|")[Number(knob.value)];
    knob.setAttribute("aria-valuetext", value);
    knob.parentElement.querySelector("output").textContent = value;
    return `${knob.parentElement.querySelector("label").textContent} ${value}`;
  });
  if (!after || after === before) return;
  const playing = before.audio && !before.audio.paused, part = before.audio ? before.audio.currentTime : 0;
  if (playing) before.audio.pause();
  before.root.hidden = true;
  after.root.hidden = false;
  document.querySelector(".said").textContent =
    `${said.join(", ")}: ${after.root.querySelector(".roll svg").getAttribute("aria-label").split(", ").pop()}`;
  if (!after.audio) return;
  after.go(part);
  if (playing) after.play();
}
for (const knob of knobs) knob.addEventListener("input", turn);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button, a, select, textarea")) return;
  const shown = Card.all.filter((card) => card.audio && !card.root.hidden);
  if (event.key === " " && Card.active && Card.active.audio) {
    event.preventDefault();
    (Card.active.root.hidden ? shown[0] : Card.active).toggle();
  } else if (/^[1-9]$/.test(event.key) && shown[event.key - 1]) {
    event.preventDefault();
    shown[event.key - 1].play();
    shown[event.key - 1].root.scrollIntoView({ block: "nearest" });
  }
});
