"use strict";
// Clock: where the music is, smooth enough to draw and to click by. Metronome: clicks that follow it.

class Clock {
  // An audio element tells its time in steps; between them we count on, and correct slowly.
  constructor(audio) {
    this.audio = audio;
    this.offset = null;
    for (const name of ["seeking", "seeked", "ratechange", "play", "playing", "waiting", "pause", "emptied"])
      audio.addEventListener(name, () => { this.offset = null; });
  }

  now() {
    const { audio } = this, told = audio.currentTime, wall = performance.now() / 1000;
    if (audio.paused || audio.seeking || audio.readyState < 3) { this.offset = null; return told; }
    const offset = told - wall * audio.playbackRate;
    if (this.offset === null || Math.abs(offset - this.offset) > 0.08) this.offset = offset;
    else this.offset += (offset - this.offset) * 0.08;
    return Math.max(0, wall * audio.playbackRate + this.offset);
  }
}

class Metronome {
  // times: seconds, sorted. accents: true on downbeats. Sounds are made here; nothing is loaded.
  constructor(audio, clock, times, accents) {
    Object.assign(this, { audio, clock, times, accents, on: false, level: 0.7, until: Infinity });
    this.waiting = [];
    for (const name of ["seeking", "pause", "waiting", "ended", "emptied"]) audio.addEventListener(name, () => this.drop());
    audio.addEventListener("ratechange", () => this.drop(true));
    for (const name of ["seeked", "playing", "ratechange"]) audio.addEventListener(name, () => this.tick());
    this.next = null;        // index of the next beat to plan; null: look where the music is
    this.flowing = false;    // the music goes on, so what has left for the speaker must not be planned again
  }

  set(on) {
    this.on = on;
    if (!on) return this.drop();
    if (!this.context) this.open();
    this.context.resume();
    this.flowing = true;
    this.tick();
  }

  open() {
    const Context = window.AudioContext || window.webkitAudioContext;
    const context = this.context = new Context({ latencyHint: "interactive" });
    this.gain = context.createGain();
    this.gain.gain.value = this.level;
    this.gain.connect(context.destination);
    this.sounds = [1174.66, 1760].map((hz) => {
      const buffer = context.createBuffer(1, Math.round(0.06 * context.sampleRate), context.sampleRate);
      const samples = buffer.getChannelData(0);
      for (let i = 0; i < samples.length; i++) {
        const t = i / context.sampleRate, turn = 2 * Math.PI * hz * t;
        const tone = Math.sin(turn) + 0.35 * Math.sin(2.76 * turn) * Math.exp(-220 * t);
        samples[i] = tone * Math.exp(-75 * t) * Math.min(1, t * 2000) / 1.2 * (hz > 1500 ? 1 : 0.6);
      }
      return buffer;
    });
  }

  setLevel(level) {
    this.level = level;
    if (this.gain) this.gain.gain.value = level;
  }

  heard() {
    // Context time of the sound that leaves the speaker now: the time that audio.currentTime speaks of, too.
    const { context } = this, stamp = context.getOutputTimestamp ? context.getOutputTimestamp() : {};
    const late = context.currentTime - (stamp.contextTime + (performance.now() - stamp.performanceTime) / 1000);
    if (stamp.contextTime > 0 && late > -0.01 && late < 1) return context.currentTime - late;
    return context.currentTime - (context.outputLatency || context.baseLatency || 0);
  }

  drop(flowing = false) {
    // Forget clicks that have not left for the speaker; the next tick plans anew from wherever the music is.
    this.next = null;
    this.flowing = flowing;
    for (const click of this.waiting) if (click.when > this.context.currentTime) click.node.stop();
    this.waiting = [];
  }

  tick() {
    const { audio, context } = this;
    if (!this.on || !context || audio.paused || audio.seeking || audio.readyState < 3) return;
    const now = this.clock.now(), heard = this.heard(), rate = audio.playbackRate;
    if (this.next === null)
      this.next = firstAtLeast(this.times, this.flowing ? now + (context.currentTime - heard) * rate : now - 0.03);
    const horizon = now + (document.hidden ? 1.6 : 0.2) * rate;
    while (this.next < this.times.length && this.times[this.next] < Math.min(horizon, this.until - 0.004)) {
      const when = heard + (this.times[this.next] - now) / rate;
      if (when > context.currentTime - 0.05) {
        const node = context.createBufferSource();
        node.buffer = this.sounds[this.accents[this.next] ? 1 : 0];
        node.connect(this.gain);
        node.start(Math.max(when, context.currentTime));
        this.waiting.push({ node, when });
      }
      this.next++;
    }
    this.waiting = this.waiting.filter((click) => click.when > context.currentTime - 0.2);
  }
}

function firstAtLeast(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}
