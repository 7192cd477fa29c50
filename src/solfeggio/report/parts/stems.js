// Stems: each player of a song can be silenced or heard alone. The chosen ones are added up and take the song's place.

class Stems {
  constructor(player, given) {
    this.player = player; this.given = given; this.samples = given.map(() => null);
    this.buttons = [...player.root.querySelectorAll("[data-stem]")];
    for (const [i, button] of this.buttons.entries()) {
      button.addEventListener("click", (event) => { event.shiftKey ? this.alone(i) : this.set(i, !this.on(i)); });
      button.addEventListener("dblclick", () => this.alone(i));
    }
  }

  on(i) { return this.buttons[i].getAttribute("aria-pressed") === "true"; }

  set(i, on) {
    this.buttons[i].setAttribute("aria-pressed", String(on));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.mix(), 250);
  }

  alone(i) {
    const others = this.buttons.some((button, j) => j !== i && this.on(j)) || !this.on(i);
    this.buttons.forEach((button, j) => this.set(j, !others || j === i));
  }

  async mix() {
    const { player } = this, chosen = this.given.map((stem, i) => i).filter((i) => this.on(i));
    await player.load();
    if (chosen.length === this.given.length) return this.put(player.whole);
    const turn = this.turn = {};
    player.root.classList.add("loading");
    try {
      const { rate, samples } = player.data, sum = [0, 1].map(() => new Float32Array(samples));
      for (const i of chosen) {
        const channels = this.samples[i] = this.samples[i] || await unpacked(this.given[i].audio, rate, samples);
        sum.forEach((out, c) => {
          const from = channels[c % channels.length];
          for (let n = 0; n < from.length; n++) out[n] += from[n] / 32767;
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
