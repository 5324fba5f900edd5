// What waits for the agent is heard and counted: a sound that can be switched off, a number in the title, words
// where the lists are out of view, and the seconds
// that an offer is still there and that a call, a hold or a consultation lasts, counted from what the portal said, whatever the clock of this machine.
(() => {
  const title = document.title;
  const lists = document.getElementById("desk_lists");
  const toggle = document.getElementById("sound");
  const offered = document.getElementById("offered");
  const SOUND = "desk-sound";
  let waited = null;
  let audio = null;

  const isOn = () => localStorage.getItem(SOUND) !== "off";
  const showSound = () => toggle?.setAttribute("aria-pressed", String(isOn()));
  toggle?.addEventListener("click", () => { localStorage.setItem(SOUND, isOn() ? "off" : "on"); showSound(); if (isOn()) ring(); });
  showSound();

  // A browser lets a page sound once somebody has touched it.
  const wake = () => { audio ??= new AudioContext(); audio.resume(); };
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake, { once: true });
  const ring = () => {
    if (!isOn() || audio?.state !== "running") return;
    [660, 880].forEach((pitch, number) => {
      const at = audio.currentTime + number * 0.16;
      const tone = new OscillatorNode(audio, { frequency: pitch });
      const volume = new GainNode(audio, { gain: 0.12 });
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    });
  };

  const count = () => {
    const waits = Number(document.getElementById("waits_for_me")?.value);
    document.title = waits ? `(${waits}) ${title}` : title;
    const words = document.getElementById("offered_words")?.textContent ?? "";
    if (offered.textContent !== words) Object.assign(offered, { textContent: words, hidden: !words });
    if (waited !== null && waits > waited) ring();
    waited = waits;
  };
  new MutationObserver(count).observe(lists, { childList: true });
  count();

  const shownAt = new WeakMap();
  setInterval(() => {
    for (const countdown of document.querySelectorAll(".countdown")) {
      if (!shownAt.has(countdown)) shownAt.set(countdown, performance.now());
      const left = countdown.dataset.left - Math.floor((performance.now() - shownAt.get(countdown)) / 1000);
      countdown.textContent = `${Math.max(left, 0)} s`;
      countdown.classList.toggle("chip--bad", left < 10);
    }
    for (const elapsed of document.querySelectorAll(".elapsed")) {
      if (!shownAt.has(elapsed)) shownAt.set(elapsed, performance.now());
      const seconds = Number(elapsed.dataset.since) + Math.floor((performance.now() - shownAt.get(elapsed)) / 1000);
      const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
      const parts = hours ? [hours, String(minutes).padStart(2, "0")] : [minutes];
      const clock = [...parts, String(rest).padStart(2, "0")].join(":");
      if (elapsed.lastElementChild.textContent !== clock) elapsed.lastElementChild.textContent = clock;
    }
  }, 250);
})();
