/** The sound: its waveform, and a player that says which second is heard. */

import { Waveform, type Stretch } from "../../charts/waveform";
import { h } from "../../ui/dom";

export class Player {
  private readonly audio = h("audio", { controls: true, "data-testid": "player" });
  private readonly waveform = new Waveform((time) => this.playFrom(time));
  readonly element = h(
    "section",
    { class: "sound", "aria-label": "Sound", hidden: true },
    this.waveform.element,
    this.audio,
  );
  private frame = 0;

  /** @param at is told the second that is heard, and says which word it is */
  constructor(private readonly at: (time: number) => Stretch | undefined) {
    for (const event of ["play", "pause", "seeked", "timeupdate"])
      this.audio.addEventListener(event, () => this.follow());
  }

  async show(sound: File): Promise<void> {
    URL.revokeObjectURL(this.audio.src);
    this.audio.src = URL.createObjectURL(sound);
    this.element.hidden = false;
    try {
      const context = new OfflineAudioContext(1, 1, 16000);
      const decoded = await context.decodeAudioData(await sound.arrayBuffer());
      this.waveform.set(decoded.getChannelData(0), decoded.duration);
    } catch {
      // The engine reads some files that the browser does not.
      this.waveform.set(new Float32Array(0), 0);
    }
  }

  hide(): void {
    this.pause();
    this.element.hidden = true;
  }

  pause(): void {
    this.audio.pause();
  }

  playFrom(time: number): void {
    this.audio.currentTime = time;
    this.follow();
    void this.audio.play().catch(() => undefined);
  }

  private follow(): void {
    cancelAnimationFrame(this.frame);
    this.waveform.at(this.audio.currentTime, this.at(this.audio.currentTime));
    if (!this.audio.paused) this.frame = requestAnimationFrame(() => this.follow());
  }
}
