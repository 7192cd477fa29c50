// Stems: each player of a song can be silenced, heard alone or made softer. What is left of them is added up and takes
// the song's place. Songs of the band have a button for each player, separated recordings a mixer.

class Stems {
  constructor(player, given) {
    const all = (name) => [...player.root.querySelectorAll(name)];
    this.player = player; this.given = given; this.samples = given.map(() => null);
    this.muted = given.map(() => false); this.solo = given.map(() => false); this.levels = given.map(() => 1);
    this.lane = player.lanes.find((lane) => lane instanceof StemsLane);
    this.buttons = all("[data-stem]"); this.mutes = all("[data-mute]"); this.solos = all("[data-solo]"); this.sliders = all("[data-level]");
    for (const [i, button] of this.buttons.entries()) {
      button.addEventListener("click", (event) => { event.shiftKey ? this.alone(i) : this.set(i, this.muted[i]); });
      button.addEventListener("dblclick", () => this.alone(i));
    }
    for (const [i, button] of this.mutes.entries()) button.addEventListener("click", () => this.set(i, this.muted[i]));
    for (const [i, button] of this.solos.entries())
      button.addEventListener("click", (event) => {
        if (event.shiftKey) this.solo = this.solo.map((_, j) => j === i);  // this one, and no other
        else this.solo[i] = !this.solo[i];
        this.change();
      });
    for (const [i, slider] of this.sliders.entries()) {
      slider.addEventListener("input", () => this.level(i, Number(slider.value)));
      slider.addEventListener("dblclick", () => this.level(i, 1));
    }
  }

  gain(i) {
    return this.muted[i] || (this.solo.includes(true) && !this.solo[i]) ? 0 : this.levels[i];
  }

  set(i, on) { this.muted[i] = !on; this.change(); }

  level(i, value) {
    this.levels[i] = Math.abs(value - 1) < 0.03 ? 1 : value;  // as it was is easy to find
    this.change();
  }

  alone(i) {
    const others = this.muted.some((muted, j) => j !== i && !muted) || this.muted[i];
    this.muted = this.muted.map((_, j) => others && j !== i);
    this.change();
  }

  change() {
    const press = (buttons, states) => buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(states[i])));
    press(this.buttons, this.muted.map((muted) => !muted)); press(this.mutes, this.muted); press(this.solos, this.solo);
    this.sliders.forEach((slider, i) => {
      slider.value = this.levels[i];
      slider.setAttribute("aria-valuetext", this.levels[i] ? `${(20 * Math.log10(this.levels[i])).toFixed(1)} dB` : "silent");
    });
    if (this.lane) { this.lane.gains = this.given.map((_, i) => this.gain(i)); this.player.draw(); }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.mix(), 250);
  }

  async mix() {
    const { player } = this, gains = this.given.map((_, i) => this.gain(i));
    await player.load();
    if (gains.every((gain) => gain === 1)) return this.put(player.whole);
    const turn = this.turn = {};
    player.root.classList.add("loading");
    try {
      const { rate, samples } = player.data, sum = [0, 1].map(() => new Float32Array(samples));
      for (const [i, gain] of gains.entries()) {
        if (!gain) continue;
        const channels = this.samples[i] = this.samples[i] || await unpacked(this.given[i].audio, rate, samples);
        sum.forEach((out, c) => {
          const from = channels[c % channels.length], scale = gain / 32767;
          for (let n = 0; n < from.length; n++) out[n] += from[n] * scale;
        });
      }
      const sound = { numberOfChannels: 2, sampleRate: rate, getChannelData: (c) => sum[c] };
      if (turn === this.turn) this.put(URL.createObjectURL(new Blob([wavOf(sound, 0, samples)], { type: "audio/wav" })));
    } catch (error) {
      player.fail(error);
    }
    player.root.classList.remove("loading");
  }

  put(address) {
    if (this.mine) URL.revokeObjectURL(this.mine);
    this.mine = address === this.player.whole ? null : address;
    this.player.swap(address);
  }
}

async function unpacked(given, rate, count) {
  // 16 bits a sample, which is half the memory of a decoded sound
  const Offline = window.OfflineAudioContext || window.webkitOfflineAudioContext;
  const sound = await new Offline(1, 1, rate).decodeAudioData(bytesOf(given.slice(given.indexOf(",") + 1)).buffer);
  const first = sound.length - count > 600 ? ENCODER_DELAY : 0;
  return Array.from({ length: sound.numberOfChannels }, (_, c) => {
    const from = sound.getChannelData(c).subarray(first, first + count), out = new Int16Array(from.length);
    for (let i = 0; i < from.length; i++) out[i] = Math.max(-32768, Math.min(32767, Math.round(from[i] * 32767)));
    return out;
  });
}

class StemsLane {
  // A waveform for each stem; those that are silenced fade. Soft ones are drawn larger than they are, to be seen.
  constructor(data) {
    this.names = data.names; this.row = 46; this.height = this.row * data.names.length;
    this.envelopes = data.waves.map((wave) => new Envelope(wave));
    const most = Math.max(...data.waves.map((wave) => wave.peak), 1e-9);
    this.shares = data.waves.map((wave) => Math.sqrt(wave.peak / most));
    this.gains = data.names.map(() => 1);
  }
  draw(svg, view) {
    const nodes = this.envelopes.map((envelope, i) => {
      const gain = Math.min(this.gains[i], 1), tall = this.row * Math.max(this.shares[i] * gain, 0.09), y = this.row * i + (this.row - tall) / 2;
      const row = shape("g", { class: `stem-wave g${i % 8}` + (gain ? "" : " silent"), transform: `translate(0 ${tidy(y)})` });
      envelope.draw(row, view, tall);
      return row;
    });
    const names = this.names.map((name, i) => shape("text", { class: "row-text", x: 10, y: this.row * i + 14 }, name));
    svg.replaceChildren(...nodes, ...names);
  }
  at() { return ""; }
}
laneKinds.stems = StemsLane;
